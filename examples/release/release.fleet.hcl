# A release by an atomic symlink, with a health gate: a batch that does not get
# healthy goes back to what it had. Try:
#
#   fleet apply -e release=1.0
#   fleet apply -e release=2.0-broken

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

  rollout {
    max_parallel = "50%"
    auto_revert  = true
  }

  step "before" {
    command = "readlink current || true"
    changed = false
  }

  step "unpack" {
    env     = { RELEASE = var.release }
    creates = "releases/${var.release}"
    command = "mkdir -p releases/$RELEASE && echo $RELEASE >releases/$RELEASE/VERSION"
  }

  step "activate" {
    when    = step.before.stdout != "releases/${var.release}"
    env     = { RELEASE = var.release }
    command = "ln -sfn releases/$RELEASE next && mv -Tf next current"
  }

  step "healthy" {
    command = "case $(cat current/VERSION) in *broken*) echo 503 >&2; exit 1 ;; *) echo 200 ;; esac"
    changed = false
    retry {
      attempts = 2
      delay    = "100ms"
    }
  }

  revert {
    step "back" {
      when    = step.before.stdout != ""
      env     = { BEFORE = step.before.stdout }
      command = "ln -sfn $BEFORE next && mv -Tf next current"
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
