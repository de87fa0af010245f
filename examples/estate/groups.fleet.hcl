# The groups web and db come from the cloud, billing comes from Ansible. What is
# said here is laid over what they bring.

group "estate" {
  members   = "@cloud,@legacy"
  labels    = { env = var.env }
  protected = var.protected
}

group "web" {
  labels = { tier = "web" }
  vars = {
    port    = var.web.port
    url     = "http://${host.address}:${var.web.port}/health"
    leader  = host.name == hosts("@web")[0]
    peers   = fold([for name in hosts("@web") : name if name != host.name])
    workers = coalesce(var.web.workers, 2 * host.facts.cpus)
  }
}

# Commands on databases run as their own user, by sudo, which asks for a password.
group "db" {
  labels = { tier = "db" }
  connection {
    become {
      user     = "postgres"
      password = secret.sudo
    }
  }
}
