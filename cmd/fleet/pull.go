package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fleet/inventory"
	"fleet/pool"
	"fleet/pool/transfer"
)

// pullFlags bound what is taken from hosts.
type pullFlags struct {
	transferFlags

	maxFiles int   // --max-files; 0 where it is not given
	maxBytes int64 // --max-bytes; 0 is no limit
}

func (f *pullFlags) flags() *pflag.FlagSet {
	fs := newFlagSet()
	fs.Var(count(&f.maxFiles, 1, ""), "max-files", "take at most `N` files from a host (default 1000000)")
	fs.Var(byteCount(&f.maxBytes), "max-bytes", "take at most `BYTES` from a host, such as 2G")
	return fs
}

func newPullCommand(a *app) *cobra.Command {
	var f pullFlags
	cmd := &cobra.Command{
		Use:   "pull [flags] REMOTE... LOCALDIR",
		Short: "Copy files and folders from many hosts",
		Long: `Copy files and folders from many hosts at one time, into a folder for each of
them: LOCALDIR/HOST. REMOTE may be a pattern, in quotes for your shell. Where
LOCALDIR has {host} in it, that is the name of the host: with a slash at its end
it is a folder, else the name of what is pulled. Nothing outside of LOCALDIR is
written, whatever a host answers, and files that are right already are left alone.`,
		Example: "  fleet pull -a '/var/log/nginx/*.log' logs\n  fleet pull -w @db /etc/my.cnf 'conf/{host}.cnf'",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.pull(cmd.Context(), &f, args)
		},
	}
	f.add(a, cmd, f.flags())
	return cmd
}

// pull is "fleet pull".
func (a *app) pull(ctx context.Context, f *pullFlags, args []string) error {
	if err := f.checkArgs(args); err != nil {
		return err
	}
	if err := f.check(args); err != nil {
		return err
	}
	to, err := readTarget(args[:len(args)-1], args[len(args)-1])
	if err != nil {
		return err
	}
	return a.transfer(ctx, &transferJob{
		flags: &f.transferFlags, kind: kindPull, words: args,
		plan: func(_ []*inventory.Host, m *transfer.Meter) (shipment, error) {
			folder, err := transfer.OpenFolder(to.root)
			if err != nil {
				return nil, err
			}
			return &pullPlan{flags: f, options: f.options(m), remotes: args[:len(args)-1], to: to, folder: folder}, nil
		},
	})
}

// checkArgs finds what is wrong with the words alone.
func (f *pullFlags) checkArgs(args []string) error {
	const example = "fleet pull -w web01 /var/log/syslog logs"
	switch {
	case len(args) == 0:
		return &usageError{err: badUsage("there is nothing to pull"), hint: "what comes from the hosts, and the folder here that it goes into: " + example}
	case len(args) == 1:
		return &usageError{err: badUsage("there is no LOCALDIR: it is not said where %q goes here", args[0]), hint: "that comes last: " + example}
	case slices.Contains(args, ""):
		return badUsage("a name of a file is empty; is a variable of your shell not set?")
	case args[len(args)-1] == "-":
		return &usageError{err: badUsage("files of hosts are not printed here"), hint: "fleet run -w web01 -N -- cat FILE does that"}
	}
	return nil
}

// A pullTarget is where things go here.
type pullTarget struct {
	root   string // the folder that all of it is in
	rest   string // below it, with {host}; "" is the host's part of it alone
	byName bool   // rest is the name of what is pulled, and not a folder for it
}

// readTarget takes LOCALDIR apart.
func readTarget(remotes []string, local string) (*pullTarget, error) {
	t := new(pullTarget)
	before, _, varies := strings.Cut(local, hostMark)
	if !varies {
		t.root, t.rest = local, hostMark+"/"
	} else {
		dir := before[:strings.LastIndexByte(before, '/')+1]
		t.root, t.rest = dir, local[len(dir):]
		if t.root == "" {
			t.root = "."
		}
	}
	t.byName = !strings.HasSuffix(t.rest, "/")
	if t.byName && (len(remotes) > 1 || hasPattern(remotes[0])) {
		return nil, &usageError{err: badUsage("several things cannot all be called %q", local), hint: "for a folder, end it with a slash: " + local + "/"}
	}
	if info, err := os.Stat(t.root); err == nil && !info.IsDir() {
		return nil, &usageError{err: badUsage("%q is a file here, and not a folder", t.root), hint: "REMOTE comes first, and the folder here that it goes into comes last"}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if above := filepath.Dir(filepath.Clean(t.root)); !exists(above) { // more than one would be a slip of the pen
		return nil, &usageError{err: badUsage("there is no folder %q here", above), hint: "make it first: mkdir -p " + pool.Quote(above)}
	}
	return t, t.refuseClash(remotes)
}

// exists reports whether something is at path.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// refuseClash refuses two REMOTEs that would be one path here. What patterns find
// is only known later.
func (t *pullTarget) refuseClash(remotes []string) error {
	taken := map[string]string{}
	for _, remote := range remotes {
		if strings.HasSuffix(remote, "/") && len(remotes) > 1 {
			return &usageError{err: badUsage("the content of %q could be called as something else that is pulled", remote), hint: "without the slash at its end the folder itself is pulled"}
		}
		if hasPattern(remote) {
			continue
		}
		base := path.Base(remote)
		if taken[base] != "" {
			return &usageError{err: badUsage("%q and %q would both become %q", taken[base], remote, t.path(base)), hint: "pull them into different folders"}
		}
		taken[base] = remote
	}
	return nil
}

// within is where what is called base goes, below root.
func (t *pullTarget) within(base string) string {
	if t.byName {
		return t.rest
	}
	return path.Join(t.rest, base)
}

// path is where it goes, for people.
func (t *pullTarget) path(base string) string {
	return joinShown(t.root, t.within(base))
}

// joinShown joins paths as the user would: with no "./" in front.
func joinShown(root, rest string) string {
	if root == "." {
		return rest
	}
	return fmt.Sprintf("%s/%s", strings.TrimRight(root, "/"), rest)
}

// hasPattern reports whether name is one for several files.
func hasPattern(name string) bool { return strings.ContainsAny(name, "*?[") }
