package inventory

import (
	"context"
	"os"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"fleet/internal/lang"
	"fleet/internal/nodeset"
	"fleet/internal/sshconfig"
	"fleet/inventory/secret"
)

// Load reads an inventory. It reports everything it finds; with errors among
// that, the inventory is incomplete and good for nothing but completion. It is
// never nil.
func Load(ctx context.Context, o Options) (*Inventory, lang.Diagnostics) {
	inv := &Inventory{
		options: o,
		open:    len(o.Paths) == 0,
		base:    &layer{},
		byName:  map[string]*Host{},
		named:   map[string]*Group{},
		met:     map[string]*Host{},
		given:   o.Flags.keywords(),
	}
	inv.config = sync.OnceValues(func() (*sshconfig.Config, error) { return sshconfig.Load(o.SSH) })
	if inv.options.Environ == nil {
		inv.options.Environ = os.Environ
	}
	project, diags := lang.Parse(o.Paths)
	d := &decoder{
		project: project,
		diags:   diags,
		base:    inv.base,

		secretsAt:   map[string]hcl.Range{},
		providersOf: map[string]secret.Provider{},

		groups: map[string]*groupDef{},
		hosts:  map[string]*hostDef{},
	}
	blocks, diags := project.Decode(
		append(headers(), taskHeader())...,
	)
	d.add(diags)
	o.Inputs.Secrets, o.Inputs.Fold = secretNames(blocks), nodeset.Fold
	o.Inputs.Optional = onlyForTasks(project, blocks)
	d.scope, diags = project.NewScope(o.Inputs)
	d.add(diags)
	inv.project, inv.scope = project, d.scope.WithFleet(hostFunctions{inv.Unrevealed()})
	for _, b := range blocks {
		if ctx.Err() != nil {
			d.diags = append(d.diags, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  "Loading interrupted",
				Detail:   "Loading the inventory was stopped: " + context.Cause(ctx).Error() + ".",
			})
			break
		}
		if b.Type == taskHeader().Type {
			inv.tasks = append(inv.tasks, b)
			continue
		}
		d.block(b)
	}
	for _, t := range d.tunnels {
		t.inv = inv
	}
	inv.tunnels = d.tunnels
	complete := d.readSources(ctx, &inv.options)
	o.Secrets.Secrets = d.providersOf
	inv.vault = &vault{resolver: secret.NewResolver(o.Secrets), scope: inv.scope, texts: map[*setting]string{}}
	if complete { // else much of what follows would be said to be unknown
		b := &builder{decoder: d, inv: inv}
		b.build()
		d.checkLate(inv.scope)
	}
	return inv, project.Diagnostics(d.diags)
}
