# An estate in three environments. Each has a file in envs/ that says what is
# special about it; all the rest is the same for all of them:
#
#   fleet hosts -i examples/estate --var-file examples/estate/envs/prod.vars.hcl

variable "env" {
  type        = string
  default     = "dev"
  description = "Which environment to look at."

  validation {
    condition     = contains(["dev", "staging", "prod"], var.env)
    error_message = "env must be dev, staging or prod."
  }
}

variable "bastion" {
  type        = string
  default     = "203.0.113.7"
  description = "Address of the only machine with a door to the outside."
}

variable "protected" {
  type        = bool
  default     = false
  description = "Whether fleet asks before it acts on a host."
}

variable "web" {
  type = object({
    port    = optional(number, 8080)
    workers = optional(number)
  })
  default     = {}
  description = "How the web servers are set up. Without workers: two for each CPU."
}

locals {
  domain = "${var.env}.example.net"
}

connection {
  user            = "deploy"
  jump            = "bastion"
  connect_timeout = "10s"
}

host "bastion" {
  address = var.bastion
  connection { jump = null }
}
