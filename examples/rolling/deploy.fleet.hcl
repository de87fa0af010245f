# A rolling update behind two load balancers: a canary, then two servers at a
# time, each out of both load balancers while it is worked on. Offline:
#
#   fleet validate
#   fleet graph
#
# and with hosts of yours in inventory.fleet.hcl:
#
#   fleet plan deploy -e release=2.0
#   fleet apply deploy -e release=2.0
#   fleet runs resume
#
# The application is a folder below ~/app here, and the load balancer a file for
# each backend (balance.sh), so that all of it can be tried on throw-away hosts.

variable "release" {
  type        = string
  description = "The release to roll out."
  default     = "1.0"

  validation {
    condition     = can(regex("^[0-9][0-9a-z.-]*$", var.release))
    error_message = "release must look like 2.4.1."
  }
}

task "deploy" {
  description = "Replace the application, a few servers at a time."
  hosts       = "@web"
  lock        = "deploy" # one operator at a time

  # When the canary fails, or a server after it, no other one is touched.
  rollout {
    canary           = 1
    max_parallel     = 2
    min_healthy_time = "10s"
  }

  precondition {
    condition     = length(hosts("@lb")) > 1
    error_message = "With one load balancer this would be an outage."
  }

  # Steps with "idempotent" may be sent once more where a connection broke, and
  # nobody knows whether they ran. It does no harm to say "down" twice.
  step "drain" {
    on         = "@lb"
    env        = { BACKEND = host.name, STATE = "down" }
    script     = file("balance.sh")
    idempotent = true
  }

  step "unpack" {
    env        = { RELEASE = var.release }
    script     = file("unpack.sh")
    creates    = "app/${var.release}"
    timeout    = "10m"
    idempotent = true
  }

  # What is not valid never takes the place of what is there.
  step "config" {
    template {
      source      = "app.conf.tmpl"
      destination = "app/app.conf"
      vars        = { release = var.release }
      validate    = "grep -q '^release = .' %s"
    }
    notify = ["restart"]
  }

  step "activate" {
    env        = { RELEASE = var.release }
    command    = "ln -sfn $RELEASE app/current && echo activate $RELEASE >>app/log"
    unless     = "[ \"$(readlink app/current)\" = \"$RELEASE\" ]"
    idempotent = true
    notify     = ["restart"]
  }

  # The restart is due before the health gate, and not after the last step.
  step "restarted" {
    flush = true
  }

  # The gate: until the new release answers, for a minute. It is asked again when
  # min_healthy_time is over.
  step "healthy" {
    command = "app/current/health"
    failed  = self.status != 0 || self.stdout != "${var.release} is up"
    changed = false
    health  = true

    retry {
      attempts = 12
      delay    = "5s"
    }
  }

  handler "restart" {
    env        = { RELEASE = var.release }
    command    = "echo restart $RELEASE >>app/log"
    idempotent = true
  }

  # What there is to see of a server that failed, beside this file.
  on_failure {
    step "log" {
      removes = "app/log"
      fetch {
        source      = "app/log"
        destination = "failed/{host}.log"
      }
    }
  }

  # Also where a step failed, the server was lost, or somebody pressed Ctrl-C: a
  # server that does not answer is for the load balancers' own checks.
  always {
    step "enable" {
      on         = "@lb"
      env        = { BACKEND = host.name, STATE = "up" }
      script     = file("balance.sh")
      idempotent = true
    }
  }
}
