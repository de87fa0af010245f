package inventory

import "fleet/internal/lang"

// tunnelDef is a tunnel block. Its three ways to listen are one each.
func tunnelDef() *lang.BlockDef {
	specs := tunnelSpecs()
	return &lang.BlockDef{
		Type: "tunnel", Labels: []string{"name"}, Many: true,
		Doc: "A forward to each host of a selection, which `fleet tunnel NAME` opens: exactly one of `local`, `remote` and `dynamic`. " +
			"`local`, `remote`, `dynamic` and `to` may be made from `host`, except its facts; `host.index` is its place in `hosts`, also where only some of them are opened.",
		Attrs: append([]lang.AttrDef{
			specs[0].AttrDef,
			{Name: "local", Type: "address", Doc: "Where this machine listens; `to` is seen from the host. `0` is any free port."},
			{Name: "remote", Type: "address", Doc: "Where the host listens; `to` is seen from this machine. Without `to` it is a SOCKS proxy for the host."},
			{Name: "dynamic", Type: "address", Doc: "Where this machine listens as a SOCKS proxy: who connects says where to, as seen from the host."},
			{Name: "to", Type: "string", Doc: "Where connections go: `\"localhost:5432\"`, or a socket's path."},
		}, attrs(specs[1:])...),
		Example: `tunnel "postgres" {
  hosts = "@db"
  local = 15432 + host.index
  to    = "localhost:5432"
}`,
	}
}

// tunnelSpecs are the settings of a tunnel that are the same for all of its hosts.
func tunnelSpecs() []spec {
	return []spec{
		{parse: parseSelection, AttrDef: lang.AttrDef{Name: "hosts", Type: "list(string)", Required: true, Doc: "A selection of hosts: `@db`, `bastion`."}},
		{parse: oneOf(OnDownWords()...), AttrDef: lang.AttrDef{Name: "on_down", Type: "string", Words: OnDownWords(), Doc: "What connections do while the host is away: wait for it, or fail. Not with `remote`.", Default: "wait"}},
		{parse: parsePermits, AttrDef: lang.AttrDef{Name: "permit", Type: "list(string)", Doc: "The targets that a SOCKS proxy, or a `remote` tunnel, may connect to: `\"10.0.0.0/8:*\"`, `\"db*.internal:5432\"`. Not with `local`.", Default: "all"}},
		{parse: parseBool, AttrDef: lang.AttrDef{Name: "gateway", Type: "bool", Doc: "Whether it may listen on other addresses than those of the machine itself, where others can connect to it.", Default: "false"}},
	}
}

// OnDownWords are what on_down of a tunnel can be; the first is the default.
func OnDownWords() []string { return []string{"wait", "refuse"} }
