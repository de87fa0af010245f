# A university's hosts in Ansible's YAML. Try:
#
#   fleet hosts -i examples/ansible-yaml --fold @compute
#   fleet hosts show -i examples/ansible-yaml --explain gpu-02

source "ansible" "campus" {
  path = "hosts.yml"
}

group "compute" {
  labels = { tier = "compute" }
}
