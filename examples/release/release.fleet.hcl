# A release by an atomic symlink, with a health gate: a batch that does not get
# healthy goes back to what it had. With hosts of yours in inventory.fleet.hcl:
#
#   fleet apply -e release=1.0
#   fleet apply -e release=2.0-broken    # half of the hosts, and back to 1.0

variable "release" {
  type        = string
  description = "The release to activate."
  default     = "1.0"

  validation {
    condition     = can(regex("^[0-9][0-9a-z.-]*$", var.release))
    error_message = "release must look like 2.4.1."
  }
}

task "release" {
  description = "Activate a release, half of the hosts at a time."
  hosts       = "@service"
  lock        = "release"

  rollout {
    max_parallel = "50%"
    auto_revert  = true
  }

  # What to go back to; nothing on a host that is new.
  step "before" {
    command = "readlink current || true"
    changed = false
  }

  step "folder" {
    command    = "mkdir -p releases"
    creates    = "releases"
    idempotent = true
  }

  # Only what a host does not have travels, and a transfer that broke off goes on.
  step "upload" {
    sync {
      source      = "app/"
      destination = "releases/${var.release}"
    }
  }

  # Made here, and looked at on the host before it is there.
  step "check" {
    template {
      source      = "health.tmpl"
      destination = "releases/${var.release}/health"
      vars        = { release = var.release }
      mode        = "0755"
      validate    = "sh -n %s"
    }
  }

  # Between two moments there is always one release: rename(2) is atomic, and
  # writing a symlink anew is not.
  step "activate" {
    when       = step.before.stdout != "releases/${var.release}"
    env        = { RELEASE = var.release }
    command    = "ln -sfn releases/$RELEASE next && mv -T next current && echo activate $RELEASE >>log"
    idempotent = true
  }

  step "healthy" {
    command = "current/health"
    changed = false

    retry {
      attempts = 6
      delay    = "5s"
    }
  }

  # Carried out on every host of a batch that used up the budget, also on those
  # that were fine themselves.
  revert {
    step "back" {
      when    = step.before.stdout != ""
      env     = { BEFORE = step.before.stdout }
      command = "ln -sfn $BEFORE next && mv -T next current && echo back to $BEFORE >>log"
    }

    # What is active again is not removed, whatever was uploaded to it.
    step "remove" {
      when    = step.upload.changed && step.before.stdout != "releases/${var.release}"
      env     = { RELEASE = var.release }
      command = "rm -rf releases/$RELEASE"
    }
  }

  on_failure {
    step "report" {
      local   = true
      env     = { HOST = host.name, RELEASE = var.release }
      command = "echo \"$RELEASE failed on $HOST\" >>failures.log"
    }
  }
}
