package inventory

import (
	"slices"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"fleet/internal/lang"
	"fleet/internal/sshconfig"
	"fleet/inventory/secret"
	"fleet/inventory/source"
)

// Options say what to load, and what the command line adds. The zero value is
// the open inventory.
type Options struct {
	// Paths are inventory files and folders; together they are one project.
	// None makes an open inventory: every name is a host.
	Paths []string
	// Inputs are the values of variables.
	Inputs lang.Inputs
	// SSH says where ssh_config is.
	SSH sshconfig.Files
	// Flags win over the inventory.
	Flags Flags
	// Algorithms completes ssh_config lists such as "+ssh-rsa", by keyword in
	// lower case: "ciphers", "macs", "kexalgorithms", "hostkeyalgorithms",
	// "pubkeyacceptedalgorithms". Without it such lists are left out.
	Algorithms map[string]Algorithms
	// Secrets says how secrets are fetched. Which there are is in the files.
	Secrets secret.Config
	// CacheDir is where the answers of commands are kept that list hosts.
	// Default: fleet/sources in the user's cache folder.
	CacheDir string
	// Environ is where SendEnv finds values, as "NAME=value". Default os.Environ.
	Environ func() []string
}

// Algorithms are the names of one kind of algorithm.
type Algorithms struct{ Defaults, Supported []string }

// An Inventory is hosts, groups, and the way to reach them.
type Inventory struct {
	options Options
	open    bool
	project *lang.Project
	scope   *lang.Scope
	vault   *vault

	hosts  []*Host // in natural order
	byName map[string]*Host
	groups []*Group // in the order of definition
	named  map[string]*Group
	base   *layer // of the top level, for jumps that are no hosts

	sources []Source   // in the order of definition
	tunnels []*Tunnel  // in the order of definition
	tasks   hcl.Blocks // for package tasks

	config func() (*sshconfig.Config, error) // read once, when first needed
	given  map[string]bool                   // the keywords of Flags.SSH

	mu  sync.Mutex
	met map[string]*Host // guarded by mu; hosts of an open inventory
}

// A Group is a named set of hosts.
type Group struct {
	Name string
	// Protected asks for a confirmation before acting on its hosts.
	Protected bool
	// Hosts are its hosts in natural order, those of its members included.
	Hosts []*Host
	// Children are the groups that its members mention, also where they take
	// hosts away, and those that a source puts into it.
	Children []*Group

	def *groupDef
}

// A Host is one machine of an inventory.
type Host struct {
	Name string
	*profile

	def *hostDef // nil where no block has its name
}

// A profile is what hosts in the same groups have in common; a host with a block
// of its own has its own.
type profile struct {
	layer  *layer
	groups []*Group // in the order of precedence, lowest first
}

// Hosts are all hosts in natural order. An open inventory has none.
func (inv *Inventory) Hosts() []*Host { return inv.hosts }

// Groups are all groups in the order of definition.
func (inv *Inventory) Groups() []*Group { return inv.groups }

// Open reports whether every name is a host, because nothing was loaded.
func (inv *Inventory) Open() bool { return inv.open }

// Lookup finds a host by its name. In an open inventory every valid name has one.
func (inv *Inventory) Lookup(name string) (*Host, bool) {
	if !inv.open {
		h, ok := inv.byName[name]
		return h, ok
	}
	if source.CheckHostName(name) != "" {
		return nil, false
	}
	inv.mu.Lock()
	defer inv.mu.Unlock()
	h := inv.met[name]
	if h == nil {
		h = &Host{Name: name, profile: &profile{layer: inv.base}}
		inv.met[name] = h
	}
	return h, true
}

// Address is what the inventory says is dialed; empty where it says nothing,
// and ssh_config decides.
func (h *Host) Address() string {
	if s := h.layer.settings[setAddress]; s != nil && s.value != nil {
		return s.value.(string)
	}
	return ""
}

// Groups are the names of the groups the host is in, in alphabetical order.
func (h *Host) Groups() []string {
	out := make([]string, len(h.groups))
	for i, g := range h.groups {
		out[i] = g.Name
	}
	slices.Sort(out)
	return out
}

// Labels are the labels of the host.
func (h *Host) Labels() map[string]string {
	out := make(map[string]string, len(h.layer.labels))
	for name, e := range h.layer.labels {
		if !e.value.IsNull() {
			out[name] = e.value.AsString()
		}
	}
	return out
}

// label is one label without making a map.
func (h *Host) label(name string) (string, bool) {
	e, ok := h.layer.labels[name]
	if !ok || e.value.IsNull() || e.value.IsMarked() {
		return "", false
	}
	return e.value.AsString(), true
}

// Protected is the name of the first group that asks for a confirmation before
// something is done to the host; empty when none does.
func (h *Host) Protected() string {
	for _, g := range h.groups {
		if g.Protected {
			return g.Name
		}
	}
	return ""
}
