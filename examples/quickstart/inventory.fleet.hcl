# Three groups behind a bastion. Try:
#
#   fleet hosts -i examples/quickstart -w '@prod'
#   fleet hosts -i examples/quickstart show db1 --explain

connection {
  user            = "deploy"
  jump            = "bastion"
  connect_timeout = "10s"
}

host "bastion" {
  address = "203.0.113.7"
  connection { jump = null }
}

group "web" {
  hosts  = ["web[01-04]"]
  vars   = { port = 8080 }
  labels = { tier = "web" }
}

group "db" {
  hosts  = ["db[1-2]"]
  labels = { tier = "db" }
  connection { port = 2222 }
}

group "prod" {
  members   = "@web,@db"
  protected = true
}

host "db1" {
  address = "10.0.3.10"
  labels  = { role = "primary" }
}
