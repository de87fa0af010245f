# Six application servers behind two load balancers.

connection {
  user = "deploy"
}

group "lb" {
  hosts = ["lb[1-2]"]
}

group "web" {
  hosts = ["web[01-06]"]
}
