# Databases that listen on their own hosts only. From here there is a way to them
# through SSH:
#
#   fleet tunnel database
#   fleet tunnel database --exec 'curl -fsS http://$ADDRESS/schema'

connection {
  user = "deploy"
}

group "db" {
  hosts = ["db[1-2]"]
  vars  = { port = 5432 }
}

tunnel "database" {
  hosts = "@db"
  local = 15432 + host.index
  to    = "localhost:${host.vars.port}"
}
