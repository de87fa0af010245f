env       = "prod"
bastion   = "203.0.113.27"
protected = true
web = {
  port    = 80
  workers = 16
}
