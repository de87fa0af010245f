# A shop's hosts, as Ansible knows them, beside whatever fleet adds. Try:
#
#   fleet hosts -i examples/ansible-ini --fold '@webservers&@london'
#   fleet hosts show -i examples/ansible-ini --explain db01.shop.example.com

source "ansible" "legacy" {
  path = "hosts"
}

group "databases" {
  protected = true
}
