package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"fleet/internal/lab"
	"fleet/internal/term"
	"fleet/pool"
)

func newLabCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lab COMMAND",
		Short: "Throw-away SSH hosts on loopback, to try anything on",
		Long: `Throw-away SSH hosts on loopback, to try anything on: served by one process, with
keys, an inventory and a home folder for each in one folder. Their commands run
on this machine, as you.`,
		Example: "  fleet lab up -n 20",
		Args:    noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	cmd.AddCommand(newLabUpCommand(a), newLabDownCommand(a), newLabStatusCommand(a), newLabServeCommand(a))
	return cmd
}

// noSuchCommand refuses words after a command that only has other commands.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return unknownCommand(cmd, args[0])
	}
	return nil
}

func newLabUpCommand(a *app) *cobra.Command {
	var o lab.Options
	cmd := &cobra.Command{
		Use:   "up [flags]",
		Short: "Bring hosts up, and print the folder of their inventory and keys",
		Long: `Bring hosts up, and print the folder of their inventory and keys when all of them
answer. A process in the background serves them until "fleet lab down".

Hosts can be made to misbehave. A fault is one of these, and HOSTS is all, or
names and numbers: lab03, 3,7-9.

` + faultsText(),
		Example: "  fleet lab up -n 20 --fault refuse=lab07 --fault slow=8,9:3s",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.labUp(cmd, o) },
	}
	fs := newFlagSet()
	fs.VarP(count(&o.N, 1, "hosts misbehave by --fault"), "number", "n", fmt.Sprintf("`N` hosts, lab01 to labN (default %d)", lab.DefaultHosts))
	fs.Var(text(&o.Dir, notEmpty), "dir", "put the files into `FOLDER` (default: a new one)")
	fs.Var(texts(&o.Faults, nil), "fault", "make hosts misbehave, as `KIND=HOSTS`; repeatable")
	addFlags(cmd, "What to bring up", fs)
	return cmd
}

// faultsText lists the faults in two columns.
func faultsText() string {
	var b strings.Builder
	for _, line := range lab.Faults() {
		form, about, _ := strings.Cut(line, " ")
		lead := fmt.Sprintf("  %-37s ", form)
		for _, part := range fold(strings.TrimSpace(about), helpWidth-len(lead)) {
			b.WriteString(lead + part + "\n")
			lead = strings.Repeat(" ", len(lead))
		}
	}
	return b.String()
}

func (a *app) labUp(cmd *cobra.Command, o lab.Options) error {
	if err := o.Check(); err != nil {
		return &usageError{err: err}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	o.Registry = lab.Registry(a.env.lookup)
	ctx, finish := untilSignal(cmd.Context())
	defer finish()
	dir, err := lab.Start(ctx, []string{self, "lab", "serve"}, o)
	if err != nil {
		return interrupted(ctx, err)
	}
	if _, err := fmt.Fprintln(a.env.stdout, dir); err != nil || a.global.quiet {
		return err
	}
	info, err := lab.Status(dir)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.env.stderr, "The lab is up: %s. Try:\n  fleet run -i %s -a -- hostname\n  fleet lab down --dir %s\n",
		plural(len(info.Hosts), "host"), pool.Quote(filepath.Join(dir, "inventory.fleet.hcl")), pool.Quote(dir))
	return err
}

func newLabDownCommand(a *app) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:     "down [flags]",
		Short:   "End a lab, with everything that runs on its hosts",
		Long:    `End a lab with everything that runs on its hosts, and remove its files.`,
		Example: "  fleet lab down",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := a.theLab(dir)
			if err != nil {
				return err
			}
			if err := lab.Down(cmd.Context(), d); err != nil {
				return err
			}
			if !a.global.quiet {
				_, err = fmt.Fprintf(a.env.stderr, "The lab in %s is gone.\n", term.Clean(d))
			}
			return err
		},
	}
	fs := newFlagSet()
	fs.Var(text(&dir, notEmpty), "dir", "the lab in `FOLDER` (default: the only one there is)")
	addFlags(cmd, "Which lab", fs)
	return cmd
}

// theLab is the folder of the lab that is meant: the given one, or the only one
// there is.
func (a *app) theLab(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	dirs, err := a.labs()
	switch {
	case err != nil:
		return "", err
	case len(dirs) == 0:
		return "", fmt.Errorf("there is no lab; hint: one in another place is --dir FOLDER")
	case len(dirs) > 1:
		return "", &usageError{
			err:  fmt.Errorf("there are %d labs: %s", len(dirs), strings.Join(dirs, ", ")),
			hint: "--dir says which",
		}
	}
	return dirs[0], nil
}

// labs are the folders of the labs of this account.
func (a *app) labs() ([]string, error) {
	registry := lab.Registry(a.env.lookup)
	if registry == "" {
		return nil, errors.New("neither HOME nor XDG_STATE_HOME is set, one of which says where labs are listed; hint: one lab is --dir FOLDER")
	}
	return lab.Dirs(registry)
}

// newLabServeCommand is the process in the background that "lab up" starts.
func newLabServeCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "serve",
		Short:  "Serve a lab (started by fleet lab up)",
		Hidden: true,
		Args:   noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return lab.Serve(cmd.Context(), a.env.stdin, a.env.stdout)
		},
	}
}
