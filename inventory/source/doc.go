// Package source reads the inventories that others keep: Ansible's, those that
// a command prints, ssh_config, JSON, CSV and the state of Terraform.
//
// # The model
//
// Every kind of source ends in the same [Data]: hosts, groups, and the facets of
// both. Package inventory lays them under what its own files say. Names and
// values are data from outside: names are validated, values are never evaluated.
//
// # Ownership and concurrency
//
// A source reads its files, or runs its command, within the context it is given;
// it keeps nothing. Different sources may be read at the same time.
package source
