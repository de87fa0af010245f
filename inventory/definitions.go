package inventory

import (
	"slices"

	"github.com/hashicorp/hcl/v2"

	"fleet/internal/lang"
)

// Definitions are the blocks of an inventory. The decoder reads by them, and the
// reference page and the schema for editors are made from them.
func Definitions() []*lang.BlockDef {
	defs := []*lang.BlockDef{connectionDef(), groupDefinition(), hostDefinition(), secretDef(), tunnelDef()}
	return append(defs, sourceDefs()...)
}

// headers are what the blocks look like from outside, each type once.
func headers() []hcl.BlockHeaderSchema {
	var out []hcl.BlockHeaderSchema
	for _, def := range Definitions() {
		if !slices.ContainsFunc(out, func(h hcl.BlockHeaderSchema) bool { return h.Type == def.Type }) {
			out = append(out, def.Header())
		}
	}
	return out
}

func connectionDef() *lang.BlockDef {
	return &lang.BlockDef{
		Type: "connection",
		Doc:  "How to reach hosts. At the top level it is for all of them; in a group or a host it refines that. `null` takes back what a lower level set. What stays unset comes from ssh_config.",
		Many: true, Attrs: attrs(connectionSpecs()),
		Blocks: []*lang.BlockDef{becomeDef()},
		Example: `connection {
  user = "deploy"
  jump = "bastion"
  become {
    password = secret.sudo
  }
}`,
	}
}

func becomeDef() *lang.BlockDef {
	return &lang.BlockDef{
		Type: "become", Many: true,
		Doc:   "How commands become another user.",
		Attrs: attrs(becomeSpecs()),
	}
}

func attrs(specs []spec) []lang.AttrDef {
	out := make([]lang.AttrDef, len(specs))
	for i := range specs {
		out[i] = specs[i].AttrDef
	}
	return out
}

// facetDefs are the attributes that groups and hosts have in common.
func facetDefs() []lang.AttrDef {
	return []lang.AttrDef{
		{Name: "vars", Type: "map(any)", Doc: "Values for expressions: `host.vars.NAME`. One in a literal object may be made from `host.name`, `host.address`, `host.index`, `host.labels`, `host.groups` and `host.facts`."},
		{Name: "labels", Type: "map(string)", Doc: "Words to select hosts by: `dc=ams`, `tier!=db`. They are shown everywhere and cannot be sensitive."},
	}
}

func groupDefinition() *lang.BlockDef {
	return &lang.BlockDef{
		Type: "group", Labels: []string{"name"}, Many: true,
		Doc: "A named set of hosts: `@NAME`. A group that appears several times is merged; to say two different things about it is an error.",
		Attrs: append([]lang.AttrDef{
			{Name: "hosts", Type: "list(string)", Doc: "Names and ranges: `web[01-40]`. Hosts begin to exist here."},
			{Name: "members", Type: "string", Doc: "A selection of hosts that exist: `@web,@db!web07`. This group is a parent of the groups it names: theirs counts more."},
			{Name: "protected", Type: "bool", Doc: "Whether fleet asks before it acts on its hosts.", Default: "false"},
		}, facetDefs()...),
		Blocks: []*lang.BlockDef{connectionDef()},
		Example: `group "web" {
  hosts  = ["web[01-40].${local.domain}"]
  vars   = { port = 8080 }
  labels = { tier = "web" }
}`,
	}
}

func hostDefinition() *lang.BlockDef {
	return &lang.BlockDef{
		Type: "host", Labels: []string{"name"}, Many: true,
		Doc: "One host, with what is its own.",
		Attrs: append([]lang.AttrDef{
			addressSpec().AttrDef,
		}, facetDefs()...),
		Blocks: []*lang.BlockDef{connectionDef()},
		Example: `host "db1.example.net" {
  address = "10.0.3.10"
  labels  = { role = "primary" }
}`,
	}
}
