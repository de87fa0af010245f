# A database with two replicas, and the two servers of the application on it.

connection {
  user = "deploy"
}

group "db" {
  hosts = ["db[1-3]"]
}

group "app" {
  hosts = ["app[1-2]"]
}

host "db1" {
  labels = { role = "primary" }
}

host "db2" {
  labels = { role = "replica" }
}

host "db3" {
  labels = { role = "replica" }
}
