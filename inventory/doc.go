// Package inventory turns HCL inventories into hosts, groups and selections, and
// a host into the target that connections are made to.
//
// # The model
//
// [Load] reads all files and reports everything that is wrong with them at once.
// [Inventory.Select] finds the hosts that the user's flags mean; a name, group,
// label or glob that matches nothing is an error, wherever it stands.
// [Inventory.Target] says how to reach a host, and [Inventory.Explain] says
// where each of its settings comes from.
//
// Settings come, lowest first, from the top-level connection block, the groups in
// the order of their definition (a child after its parents: those whose members
// mention it), the host's own block, and the command line. What is left unset is
// looked up in ssh_config under the host's name, as ssh would. A value of null
// takes back what lower levels set; for jump and proxy_command it also keeps
// ssh_config from being asked: the host is then dialed directly.
//
// A variable that is made from a secret is unknown until [Inventory.Reveal] has
// fetched it.
//
// Without any path the inventory is open: every name is a host, resolved as ssh
// would, and there are no groups and labels.
//
// # Jump hosts
//
// A jump is the name of a host of the inventory, which is reached with its own
// settings, or user@host:port. Of the top-level connection, a jump that is no
// host of the inventory takes what is not about one machine: keys, trust and
// times. The flags -l, -p, -J and -o are for the target and not for its jumps,
// as in ssh; --identity serves the jumps that have no key of their own. The
// target's --connect-timeout covers the whole way. A host never inherits the jump that leads to itself.
//
// # Ownership and concurrency
//
// An Inventory and its hosts do not change after Load; all methods are safe for
// concurrent use. Maps and slices that are handed out are shared: callers do not
// change them. Load reads the files and the sources, which may run commands; ssh_config is read when the
// first target is asked for.
package inventory
