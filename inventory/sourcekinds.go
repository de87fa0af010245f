package inventory

import (
	"context"
	"path/filepath"

	"fleet/internal/lang"
	"fleet/inventory/source"
	"fleet/inventory/source/ansible"
)

// sourceKinds are the kinds of sources there are.
func sourceKinds() []*sourceKind {
	return []*sourceKind{
		execKind(), ansibleKind(), terraformKind(), sshConfigKind(),
		tableKind("json", jsonDoc, jsonExample, source.JSON),
		tableKind("csv", csvDoc, csvExample, source.CSV),
	}
}

func sourceDefs() []*lang.BlockDef {
	var out []*lang.BlockDef
	for _, k := range sourceKinds() {
		out = append(out, k.BlockDef)
	}
	return out
}

// newKind makes the definition of a kind whose attributes are specs.
func newKind(kind, doc, example string, specs []spec, read func(context.Context, *Options, *arguments) *source.Data) *sourceKind {
	return &sourceKind{
		BlockDef: &lang.BlockDef{
			Type: "source", Kind: kind, Labels: []string{"name"}, Many: true,
			Doc:   doc + " All its hosts are in a group of the source's name; what the project's own files say about them counts more.",
			Attrs: attrs(specs), Example: example,
		},
		specs: specs, read: read,
	}
}

// pathSpec is the file that a source reads.
func pathSpec(doc string) spec {
	return spec{parse: parsePath, AttrDef: lang.AttrDef{Name: "path", Type: "string", Required: true, Doc: doc + " A relative name is relative to the file it stands in."}}
}

func execKind() *sourceKind {
	k := newKind("exec", "Hosts that a command prints: Ansible's dynamic-inventory JSON, a JSON list as the source `json` reads, or one name a line.",
		`source "exec" "cloud" {
  command = ["./hosts.py", "--list"]
  cache   = "5m"
}`,
		[]spec{
			{parse: parseCommand, AttrDef: lang.AttrDef{Name: "command", Type: "list(string)", Required: true, Doc: "Program and arguments, without a shell. It runs in the folder of the file it stands in."}},
			{parse: parseDuration, AttrDef: lang.AttrDef{Name: "timeout", Type: "duration", Doc: "After this time it is killed, with its children.", Default: "10s"}},
			{parse: parseDuration, AttrDef: lang.AttrDef{Name: "cache", Type: "duration", Doc: "How long an answer is used again. Where the command fails later, the last answer is used, with a warning.", Default: "no answer is kept"}},
		},
		func(ctx context.Context, o *Options, a *arguments) *source.Data {
			return source.Exec(ctx, source.ExecOptions{
				Command: a.list("command"), Dir: filepath.Dir(a.at.Filename),
				Timeout: a.duration("timeout"), Cache: a.duration("cache"), CacheDir: o.CacheDir,
			})
		})
	k.runs = true
	return k
}

func ansibleKind() *sourceKind {
	return newKind("ansible", "An inventory of Ansible, in INI or YAML, or a folder of them, with the host_vars and group_vars beside it. Values are data: templates are not evaluated.",
		`source "ansible" "legacy" {
  path = "hosts.ini"
}`,
		[]spec{pathSpec("The inventory.")},
		func(ctx context.Context, _ *Options, a *arguments) *source.Data {
			return ansible.Load(ctx, ansible.Options{Path: a.text("path")})
		})
}

func terraformKind() *sourceKind {
	attribute := func(name, doc string) spec {
		return spec{parse: parseText, AttrDef: lang.AttrDef{Name: name, Type: "string", Doc: doc + ", as in `network_interface.0.network_ip`.", Default: "what is usual for the type"}}
	}
	return newKind("terraform", "The machines in a state file of Terraform or OpenTofu, or in what `terraform show -json` printed. Tags become labels, simple attributes variables, except sensitive ones; each host is in groups called after the type and the name of its resource.",
		`source "terraform" "cloud" {
  path    = "terraform.tfstate"
  types   = ["aws_instance"]
  address = "private_ip"
}`,
		[]spec{
			pathSpec("The state."),
			{parse: parseList, AttrDef: lang.AttrDef{Name: "types", Type: "list(string)", Doc: "Types of resources that are hosts.", Default: "all that fleet knows to be machines"}},
			attribute("name", "Which attribute holds the name"),
			attribute("address", "Which holds what is dialed"),
		},
		func(ctx context.Context, _ *Options, a *arguments) *source.Data {
			return source.Terraform(ctx, source.TerraformOptions{
				Path: a.text("path"), Types: a.list("types"), Name: a.text("name"), Address: a.text("address"),
			})
		})
}

func sshConfigKind() *sourceKind {
	globs := func(name, doc string) spec {
		return spec{parse: parseList, AttrDef: lang.AttrDef{Name: name, Type: "list(string)", Doc: doc}}
	}
	return newKind("ssh_config", "The hosts that ssh_config names on its Host lines, without wildcards. How to reach them stands there.",
		`source "ssh_config" "mine" {
  include = ["*.lan"]
}`,
		[]spec{globs("include", "Patterns of names to take; without it, all."), globs("exclude", "Patterns of names to leave out.")},
		func(ctx context.Context, o *Options, a *arguments) *source.Data {
			return source.SSHConfig(ctx, source.SSHConfigOptions{Files: o.SSH, Include: a.list("include"), Exclude: a.list("exclude")})
		})
}

const (
	jsonDoc = "Hosts in a JSON file: a list of objects or of names, or an object with an object for each name. Attributes may be paths: `network.0.address`."
	csvDoc  = "Hosts in a CSV file with a header. Groups are separated by `;` or spaces."

	jsonExample = `source "json" "cmdb" {
  path    = "hosts.json"
  address = "network.ip"
  labels  = ["site"]
}`
	csvExample = `source "csv" "rack" {
  path   = "hosts.csv"
  name   = "hostname"
  labels = ["site", "row"]
}`
)

func tableKind(kind, doc, example string, read func(context.Context, source.TableOptions) *source.Data) *sourceKind {
	column := func(name, doc string) spec {
		return spec{parse: parseText, AttrDef: lang.AttrDef{Name: name, Type: "string", Doc: doc, Default: "`" + name + "`"}}
	}
	return newKind(kind, doc+" What is neither name, address, group nor label becomes a variable.", example,
		[]spec{
			pathSpec("The file."),
			column("name", "Which column holds the name."),
			column("address", "Which holds what is dialed."),
			column("groups", "Which holds the groups."),
			{parse: parseList, AttrDef: lang.AttrDef{Name: "labels", Type: "list(string)", Doc: "Columns that become labels."}},
		},
		func(ctx context.Context, _ *Options, a *arguments) *source.Data {
			return read(ctx, source.TableOptions{
				Path: a.text("path"), Name: a.text("name"), Address: a.text("address"),
				Groups: a.text("groups"), Labels: a.list("labels"),
			})
		})
}
