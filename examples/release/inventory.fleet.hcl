# Four hosts that run a service.

connection {
  user = "deploy"
}

group "service" {
  hosts = ["node[1-4]"]
}
