group "web" { hosts = ["web[01-08]"] }
group "db" { hosts = ["db1"] }

task "migrate" {
  hosts = "@db"
  step "migrate" { command = "/opt/app/bin/migrate" }
}

task "deploy" {
  hosts      = "@web"
  depends_on = [task.migrate]
  rollout {
    canary       = 1
    max_parallel = "50%"
    max_failures = "25%"
  }
  step "upgrade" { command = "/opt/app/bin/upgrade" }
}
