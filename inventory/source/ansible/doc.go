// Package ansible reads the inventories of Ansible: INI and YAML files, folders
// of them, and the host_vars and group_vars folders beside.
//
// # The model
//
// [Load] ends in the same hosts, groups and variables as ansible-inventory
// --list. The files fill a model in which groups know the groups above them;
// from it come the groups in the order in which Ansible lays their variables
// over each other. Ansible lays all group_vars folders over all inventory files,
// whatever the group; where the order of the groups alone would give another
// value than that, the hosts it is about get the value themselves.
//
// Nothing is evaluated: a template of Jinja stays a text, a program in the
// folder is not run, what a vault holds is left out, each with a warning.
//
// # Ownership and concurrency
//
// Load reads files within the context it is given and keeps nothing. All sizes
// are bounded: of files, names, values, nesting. Several may run at a time.
package ansible
