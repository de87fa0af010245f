# A migration by a tool of this machine, through the fleet, of databases that only
# their hosts can connect to. Offline:
#
#   fleet graph
#
# and with hosts of yours in inventory.fleet.hcl:
#
#   fleet plan -e schema=42
#   fleet apply -e schema=42

variable "schema" {
  type        = number
  description = "The version that the schema is to have."
  default     = 1
}

task "migrate" {
  description = "Migrate the schema of each database, one after the other."
  hosts       = "@db"
  lock        = "migrate"

  rollout {
    max_parallel = 1
  }

  # It listens on a port of this machine that is free, for this task only, and is
  # gone when the task has ended on the host.
  step "database" {
    tunnel {
      to = "localhost:${host.vars.port}"
    }
  }

  step "schema" {
    local   = true
    env     = { DATABASE = step.database.address, SCHEMA = var.schema }
    script  = file("migrate.sh")
    unless  = "[ \"$(curl -fsS \"http://$DATABASE/schema\")\" -ge \"$SCHEMA\" ]"
    timeout = "30m"
  }

  always {
    step "report" {
      local   = true
      when    = !step.database.skipped && !step.database.failed
      env     = { DATABASE = step.database.address, NAME = host.name }
      command = "echo \"$NAME has schema $(curl -fsS \"http://$DATABASE/schema\")\""
      changed = false
    }
  }
}
