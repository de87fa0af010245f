# Encrypted with age, so that it can live in version control. Nobody needs the key
# who does not act on a database.
secret "sudo" {
  age {
    file     = "secrets/${var.env}.age"
    identity = ["secrets/example-key.txt"] # yours is at home: ~/.config/age/key.txt
  }
}
