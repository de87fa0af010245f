env     = "staging"
bastion = "203.0.113.17"
web     = { workers = 4 }
