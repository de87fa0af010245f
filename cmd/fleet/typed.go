package main

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fleet/internal/redact"
	"fleet/inventory"
)

// A typed is a command line, taken apart: what a run is to do again, and what a
// saved plan carries out.
type typed struct {
	command []string    // "runs", "resume"
	flags   []typedFlag // in the order in which they were given
	words   []string    // what is no flag
}

// A typedFlag is a flag by its long name.
type typedFlag struct{ name, value string }

// takeApart reads args, the command line of root that led to cmd, as pflag has.
func takeApart(root, cmd *cobra.Command, args []string) (*typed, error) {
	if cmd.DisableFlagParsing { // the shell's completion asks
		return new(typed), nil
	}
	_, rest, err := root.Find(args)
	if err != nil {
		return nil, err
	}
	t := &typed{command: strings.Fields(cmd.CommandPath())[1:]}
	err = cmd.Flags().ParseAll(rest, func(f *pflag.Flag, value string) error {
		t.flags = append(t.flags, typedFlag{f.Name, value})
		return nil
	})
	t.words = cmd.Flags().Args()
	return t, err
}

// readTyped takes apart what args made.
func readTyped(args []string) *typed {
	t := new(typed)
	for i, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch {
		case arg == "--":
			t.words = args[i+1:]
			return t
		case strings.HasPrefix(arg, "--"):
			t.flags = append(t.flags, typedFlag{name[len("--"):], value})
		default:
			t.command = append(t.command, arg)
		}
	}
	return t
}

// args is the command line put together again: every flag in one word.
func (t *typed) args() []string {
	out := slices.Clone(t.command)
	for _, f := range t.flags {
		out = append(out, "--"+f.name+"="+f.value)
	}
	if len(t.words) > 0 {
		out = append(append(out, "--"), t.words...)
	}
	return out
}

// has reports whether a flag was given.
func (t *typed) has(name string) bool {
	return slices.ContainsFunc(t.flags, func(f typedFlag) bool { return f.name == name })
}

// repeatable is the command line that does the same again: what it left to the
// environment, to chance or to the last run is settled in it. Nothing sensitive
// is: of a sensitive variable it keeps the name alone. Whether somebody looks on is
// for who does it again to say.
func (a *app) repeatable(sel *selectionFlags, inv *inventory.Inventory) ([]string, error) {
	t := &typed{command: a.typed.command, flags: slices.Clone(a.typed.flags), words: slices.Clone(a.typed.words)}
	t.flags = slices.DeleteFunc(t.flags, func(f typedFlag) bool { return f.name == "detach" })
	for i, f := range t.flags {
		name, _, _ := strings.Cut(f.value, "=")
		switch {
		case f.name == "failed":
			t.flags[i].value = sel.failed
		case f.name == "var" && inv.Scope().Sensitive(name):
			t.flags[i].value = name + "=" + redact.Mark
		default:
			t.flags[i].value = a.redactor.String(f.value)
			if f.name == "var" && t.flags[i].value != f.value {
				t.flags[i].value = name + "=" + redact.Mark
			}
		}
	}
	for i := range t.words {
		t.words[i] = a.redactor.String(t.words[i])
	}
	if sel.pick != "" && !t.has("seed") {
		t.flags = append(t.flags, typedFlag{"seed", strconv.FormatUint(*sel.seed, 10)})
	}
	paths, err := a.inventoryPaths(sel)
	if !t.has("inventory") {
		for _, path := range paths {
			t.flags = append(t.flags, typedFlag{"inventory", path})
		}
	}
	return t.args(), err
}

// with adds flags. A variable among them, or one that the environment knows, takes
// the place of one whose value was not kept; lost is the first word that nothing
// takes the place of.
func (t *typed) with(e *env, more []typedFlag) (again *typed, lost string) {
	known := map[string]bool{}
	for _, f := range more {
		if name, _, ok := strings.Cut(f.value, "="); ok && f.name == "var" {
			known[name] = true
		}
	}
	again = &typed{command: t.command, words: t.words}
	for _, f := range t.flags {
		switch name, ok := f.unkept(); {
		case ok && !known[name] && e.value("FLEET_VAR_"+name) == "":
			return nil, "-e " + name
		case ok:
			continue
		case strings.Contains(f.value, redact.Mark):
			return nil, "--" + f.name + "=" + f.value
		}
		again.flags = append(again.flags, f)
	}
	for _, word := range t.words {
		if strings.Contains(word, redact.Mark) {
			return nil, word
		}
	}
	again.flags = append(again.flags, more...)
	return again, ""
}

// unkept is the variable that f gives a value to which was not kept.
func (f typedFlag) unkept() (name string, ok bool) {
	if f.name != "var" {
		return "", false
	}
	return strings.CutSuffix(f.value, "="+redact.Mark)
}

// unkept are the variables of t whose values were not kept.
func (t *typed) unkept() map[string]bool {
	out := map[string]bool{}
	for _, f := range t.flags {
		if name, ok := f.unkept(); ok {
			out[name] = true
		}
	}
	return out
}

// without is the flags of t but those with these names. Paths among them mean the
// same from any folder.
func (t *typed) without(names ...string) ([]typedFlag, error) {
	var out []typedFlag
	for _, f := range t.flags {
		if slices.Contains(names, f.name) {
			continue
		}
		switch f.name {
		case "outdir", "errdir", "identity", "ssh-config":
			path, err := filepath.Abs(f.value)
			if err != nil {
				return nil, err
			}
			if f.value != "none" {
				f.value = path
			}
		}
		out = append(out, f)
	}
	return out, nil
}

// repeat carries out a command line of before, in this invocation. FLEET_INVENTORY
// is of now, and means nothing to it.
func (a *app) repeat(ctx context.Context, t *typed, set func(inner *app)) error {
	e, lookup := a.env, a.env.lookup
	e.lookup = func(name string) (string, bool) {
		if name == "FLEET_INVENTORY" {
			return "", false
		}
		return lookup(name)
	}
	inner := newApp(e)
	inner.guided, inner.handover = a.guided, a.handover
	set(inner)
	defer inner.close()
	return exit(inner.run(ctx, t.args()))
}
