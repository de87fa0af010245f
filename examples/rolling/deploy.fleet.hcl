# A rolling update behind two load balancers. Try, offline and then for real:
#
#   fleet validate
#   fleet plan deploy -e release=2.0
#   fleet apply deploy -e release=2.0

variable "release" {
  type        = string
  description = "The release to roll out."
  default     = "1.0"
}

task "deploy" {
  description = "Replace the application, a few hosts at a time, each out of the load balancers meanwhile."
  hosts       = "@web"
  lock        = "deploy"

  rollout {
    canary       = 1
    max_parallel = 2
    max_failures = 0
  }

  # A file for each backend stands for the load balancer's own command here.
  step "drain" {
    on      = "@lb"
    env     = { BACKEND = host.name }
    command = "mkdir -p backends && echo down >backends/$BACKEND && echo drained $BACKEND"
  }

  step "unpack" {
    env     = { RELEASE = var.release }
    script  = file("unpack.sh")
    creates = "app/${var.release}"
  }

  step "activate" {
    env     = { RELEASE = var.release }
    command = "cd app && ln -sfn $RELEASE current"
    unless  = "[ \"$(readlink app/current)\" = \"$RELEASE\" ]"
    notify  = ["restart"]
  }

  step "restarted" {
    flush = true
  }

  step "healthy" {
    command = "sh ${shellquote(host.vars.health)}"
    changed = false
    retry {
      attempts = 3
      delay    = "200ms"
    }
  }

  handler "restart" {
    command = "echo $(date +%s) >>app/restarts"
  }

  always {
    step "enable" {
      on      = "@lb"
      env     = { BACKEND = host.name }
      command = "mkdir -p backends && echo up >backends/$BACKEND"
    }
  }
}
