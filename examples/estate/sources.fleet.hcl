# What the cloud says it runs. The answer is good for five minutes, and for
# longer, with a warning, while the cloud does not answer.
source "exec" "cloud" {
  command = ["sh", "cloud.sh", var.env]
  timeout = "10s"
  cache   = "5m"
}

# What is still on its way out of Ansible: groups, ranges and variables count.
source "ansible" "legacy" {
  path = "legacy/${var.env}.ini"
}
