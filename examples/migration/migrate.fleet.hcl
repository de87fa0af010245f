# A migration of a database: replicas first, then once on the primary, then the
# application. Try:
#
#   fleet graph
#   fleet apply -e schema=42

variable "schema" {
  type        = number
  description = "The version that the schema is to have."
  default     = 1
}

task "replicas" {
  description = "Give the replicas the new binaries, one at a time."
  hosts       = "role=replica"

  rollout {
    max_parallel = 1
  }

  step "upgrade" {
    env     = { SCHEMA = var.schema }
    command = "mkdir -p db && echo $SCHEMA >db/binaries"
    unless  = "[ \"$(cat db/binaries 2>/dev/null)\" = \"$SCHEMA\" ]"
  }
}

task "migrate" {
  description = "Migrate the schema, once."
  hosts       = "role=primary"
  depends_on  = [task.replicas]
  lock        = "migrate"

  step "current" {
    command = "cat db/schema 2>/dev/null || echo 0"
    changed = false
  }

  step "migrate" {
    once    = true
    when    = tonumber(step.current.stdout) < var.schema
    env     = { FROM = step.current.stdout, TO = var.schema }
    script  = file("migrate.sh")
    timeout = "10m"
  }
}

task "application" {
  description = "Tell the application."
  hosts       = "@app"
  depends_on  = [task.migrate]

  step "reload" {
    env     = { SCHEMA = var.schema }
    command = "mkdir -p app && echo $SCHEMA >app/schema"
  }
}
