package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fleet/internal/lang"
	"fleet/internal/sshconfig"
	"fleet/internal/term"
	"fleet/inventory"
	"fleet/inventory/secret"
	"fleet/pool"
)

// inventoryPaths says where hosts come from: -i, else FLEET_INVENTORY, a list as
// PATH is one, else the working directory where it has project files. Without
// any of them there is no inventory.
func (a *app) inventoryPaths(f *selectionFlags) ([]string, error) {
	if len(f.inventories) > 0 {
		return f.inventories, nil
	}
	if list := a.env.value("FLEET_INVENTORY"); list != "" {
		return filepath.SplitList(list), nil
	}
	entries, err := os.ReadDir(".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the folder was deleted: nothing can be in it
	}
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := e.Name()
		if !e.IsDir() && (strings.HasSuffix(name, lang.NativeSuffix) || strings.HasSuffix(name, lang.JSONSuffix)) {
			return []string{"."}, nil
		}
	}
	return nil, nil
}

// load reads the inventory that the flags mean; conn may be nil. It shows
// nothing of what it finds.
func (a *app) load(ctx context.Context, sel *selectionFlags, conn *connectionFlags) (*inventory.Inventory, lang.Diagnostics, error) {
	paths, err := a.inventoryPaths(sel)
	if err != nil {
		return nil, nil, err
	}
	o := inventory.Options{
		Paths:  paths,
		Inputs: lang.Inputs{LookupEnv: a.env.lookup, Args: sel.vars},
		SSH:    sshconfig.Files{Getenv: a.env.value},

		Algorithms: make(map[string]inventory.Algorithms),
		Secrets:    a.secrets(),
	}
	for keyword, list := range pool.Algorithms() {
		o.Algorithms[keyword] = inventory.Algorithms(list)
	}
	if conn != nil {
		o.SSH.User, o.Flags = conn.configFile, conn.inventoryFlags()
		if err := conn.check(); err != nil {
			return nil, nil, err
		}
	}
	inv, found, err := loadUntilSignal(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	// Diagnostics may quote what a source printed, and that a sensitive variable.
	a.redactor.Add(inv.Scope().Revealed()...)
	return inv, found, nil
}

// abandon is how long a source has to end after a signal.
const abandon = 2 * time.Second

// loadUntilSignal reads an inventory, of which a part may take its time: a source
// is told when a signal comes, and ends its command. A pipe to which nobody
// writes cannot be told (open(2) waits), so that it is left behind.
func loadUntilSignal(ctx context.Context, o inventory.Options) (*inventory.Inventory, lang.Diagnostics, error) {
	ctx, finish := untilSignal(ctx)
	type result struct {
		inv   *inventory.Inventory
		found lang.Diagnostics
	}
	done := make(chan result, 1)
	go func() { // ends with the inventory, or, left behind, with the process
		var r result
		r.inv, r.found = inventory.Load(ctx, o)
		done <- r
	}()
	select {
	case r := <-done:
		finish() // only then has every signal been heard
		return r.inv, r.found, interrupted(ctx, nil)
	case <-ctx.Done():
	}
	defer finish()
	timer := time.NewTimer(abandon)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
	return nil, nil, interrupted(ctx, context.Cause(ctx))
}

// secrets says how secrets are fetched: a question goes to the terminal.
func (a *app) secrets() secret.Config {
	return secret.Config{
		LookupEnv: a.env.lookup,
		Ask:       a.askSecret,
		Learned:   a.learn,
		Warn: func(text string) {
			if !a.global.quiet {
				fmt.Fprintf(a.env.stderr, "fleet: warning: %s\n", term.Clean(text))
			}
		},
	}
}

// openInventory loads the inventory and shows what is wrong with it. A warning
// stops nobody, and -q silences it.
func (a *app) openInventory(ctx context.Context, sel *selectionFlags, conn *connectionFlags) (*inventory.Inventory, error) {
	inv, found, err := a.load(ctx, sel, conn)
	if err != nil {
		return nil, err
	}
	if a.global.quiet && !found.HasErrors() {
		found = nil
	}
	if conn != nil && !a.global.quiet {
		a.warnIdle(conn)
	}
	if found.HasErrors() {
		return nil, a.refuseInventory(sel, found)
	}
	return inv, a.diagnose(found)
}

// refuseInventory shows the first mistakes of an inventory, and which inventory
// that is where the command line does not say it.
func (a *app) refuseInventory(sel *selectionFlags, found lang.Diagnostics) error {
	const most = 5
	mistakes := slices.DeleteFunc(slices.Clone(found), func(d lang.Diagnostic) bool { return d.Severity != lang.Error })
	err := a.diagnose(mistakes[:min(most, len(mistakes))])
	if rest := len(mistakes) - most; rest > 0 {
		fmt.Fprintf(a.env.stderr, "\nfleet: and %s; fleet validate shows all\n", plural(rest, "more mistake"))
	}
	if len(sel.inventories) == 0 {
		fmt.Fprintf(a.env.stderr, "inventory: %s\n", term.Clean(a.inventoryText(sel)))
	}
	for _, path := range sel.inventories {
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() && !strings.HasSuffix(path, ".hcl") && !strings.HasSuffix(path, ".json") {
			a.hint("an inventory is a *.fleet.hcl file; a plain list of names is -w ^FILE")
			a.hint(fmt.Sprintf("an inventory of Ansible is named in one: source \"ansible\" \"legacy\" { path = %q }", path))
			break
		}
	}
	return err
}

// selectHosts loads the inventory and carries out the selection flags.
func (a *app) selectHosts(ctx context.Context, sel *selectionFlags, conn *connectionFlags) (*inventory.Inventory, []*inventory.Host, error) {
	sel.settle()
	if err := a.addFailed(sel); err != nil {
		return nil, nil, err
	}
	inv, err := a.openInventory(ctx, sel, conn)
	if err != nil {
		return nil, nil, err
	}
	hosts, err := a.choose(inv, sel, sel.options(a.env.stdin))
	if err == nil {
		err = refusePorts(inv, hosts)
	}
	if err == nil {
		err = sel.check(hosts)
	}
	return inv, hosts, err
}
