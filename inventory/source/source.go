package source

import "github.com/zclconf/go-cty/cty"

// Data is what a source knows. It is data: nothing in it is ever evaluated as an
// expression or a template.
type Data struct {
	// Hosts are in the order of the source; a name stands in it once.
	Hosts []Host
	// Groups are in the order of precedence, lowest first: each after those that
	// it is a child of.
	Groups []Group
	// Common applies to every host of the source, below its groups.
	Common Facets
	// Problems are what is wrong with the source. With an error among them the
	// rest is incomplete.
	Problems []Problem
}

// A Host is one machine of a source.
type Host struct {
	Name string
	At   Place
	Facets
}

// A Group is a named set of hosts of a source.
type Group struct {
	Name     string
	At       Place
	Hosts    []string // listed in the group itself
	Children []string // groups whose hosts are in it, too
	Facets
}

// Facets are what hosts and groups have in common.
type Facets struct {
	Vars   map[string]Value
	Labels map[string]Value // texts
	// Settings are attributes of a connection block, and "address", by their
	// names in the language: "user", "port", "identity", "jump",
	// "proxy_command", "host_key", "known_hosts", "connect_timeout",
	// "become.method", "become.user", "become.password". The inventory checks
	// them as it checks those in its own files.
	Settings map[string]Value
}

// A Value is a value and where it stands. It carries the mark lang.Sensitive
// where it must not be shown.
type Value struct {
	cty.Value
	At Place
}

// A Place is where something stands: a file, or the command that said it; the
// zero Place is where the source itself is declared. Line is 0 where there are
// no lines to speak of.
type Place struct {
	File string
	Line int
}

// A Problem is something wrong with a source.
type Problem struct {
	At      Place
	Warning bool   // the source can be used all the same
	Summary string // constant: "Invalid inventory line"
	Detail  string // what is wrong, why, and what to do
}
