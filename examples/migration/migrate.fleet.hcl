# A migration of a database: the replicas first, one at a time, then the schema,
# once, on the primary, and then the application. Offline:
#
#   fleet graph
#
# and with hosts of yours in inventory.fleet.hcl:
#
#   fleet plan -e schema=42 --detailed-exitcode
#   fleet apply -e schema=42
#
# Every step has a guard that tells whether there is something to do. So the plan
# is exact, and a second apply does nothing.

variable "schema" {
  type        = number
  description = "The version that the schema is to have."
  default     = 1

  validation {
    condition     = var.schema > 0 && floor(var.schema) == var.schema
    error_message = "schema must be a whole number from 1 on."
  }
}

task "replicas" {
  description = "Teach the replicas the new schema, one at a time."
  hosts       = "role=replica"

  rollout {
    max_parallel = 1
  }

  step "upgrade" {
    env     = { SCHEMA = var.schema }
    command = "mkdir -p db && echo $SCHEMA >db/knows && echo upgrade $SCHEMA >>db/log"
    unless  = "[ \"$(cat db/knows)\" -ge \"$SCHEMA\" ]"
  }
}

task "migrate" {
  description = "Migrate the schema, once, and reload the application."
  hosts       = "@app"
  depends_on  = [task.replicas]
  lock        = "migrate"

  precondition {
    condition     = length(hosts("role=primary")) == 1
    error_message = "There must be exactly one primary."
  }

  # The first server that gets here has it done, on the primary, and all others
  # wait for it. It is not idempotent: where nobody knows whether it ran, fleet
  # asks before it is sent again.
  step "schema" {
    once         = true
    on           = "role=primary"
    env          = { SCHEMA = var.schema }
    script       = file("migrate.sh")
    unless       = "[ \"$(cat db/schema)\" -ge \"$SCHEMA\" ]"
    timeout      = "30m"
    idle_timeout = "5m"
  }

  step "reload" {
    env        = { SCHEMA = var.schema }
    command    = "mkdir -p app && echo $SCHEMA >app/schema && echo reload $SCHEMA >>app/log"
    unless     = "[ \"$(cat app/schema)\" = \"$SCHEMA\" ]"
    idempotent = true
  }
}
