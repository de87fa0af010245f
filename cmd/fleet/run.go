package main

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fleet/internal/term"
	"fleet/pool"
	"fleet/tasks"
	"fleet/transport"
)

// runFlags say what to run and how to show it.
type runFlags struct {
	sel    selectionFlags
	conn   connectionFlags
	become becomeFlags
	limit  limitFlags
	show   showFlags
	back   detachFlags

	script  string // --script: a file, or - for stdin
	argv    bool   // --argv
	stdin   bool   // -I
	noStdin bool   // -n
	tty     bool   // --tty
	yes     bool   // -y
}

func (f *runFlags) flags() *pflag.FlagSet {
	fs := newFlagSet()
	fs.Var(text(&f.script, notEmpty), "script", "run the script in `FILE` (- is standard input); words after it are its arguments")
	fs.BoolVar(&f.argv, "argv", false, "run exactly these words: no shell on the host takes them apart")
	fs.BoolVarP(&f.stdin, "stdin", "I", false, "send standard input to every host")
	fs.BoolVarP(&f.noStdin, "no-stdin", "n", false, "send nothing (the default)")
	fs.BoolVar(&f.tty, "tty", false, "ask for a pseudo-terminal")
	fs.BoolVarP(&f.yes, "yes", "y", false, "answer yes where a confirmation is asked for")
	return fs
}

func newRunCommand(a *app) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [flags] COMMAND...",
		Short: "Run one command on many hosts",
		Long: `Run one command on many hosts in parallel. Everything after the first word that
is not a flag, or after --, is the command; /bin/sh on each host parses it, as
with ssh. Ctrl-C stops it, and what it started, on every host.`,
		Example: "  fleet run -w '@web!web07' -b -- uptime",
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.ArgsLenAtDash() < 0 {
				if err := f.show.checkDetached(args); err != nil {
					return err
				}
			}
			return a.apart(cmd.Context(), f.back.detach, func() error { return a.runCommand(cmd.Context(), &f, args) })
		},
	}
	takesRemoteCommand(cmd)
	addFlags(cmd, "Which hosts", f.sel.flags())
	addFlags(cmd, "Which hosts", f.sel.inventoryFlags())
	addFlags(cmd, "What to run", f.flags())
	addFlags(cmd, "What to run", f.back.flags())
	addFlags(cmd, "What to run", f.become.flags())
	addFlags(cmd, "How to connect", f.conn.flags())
	addFlags(cmd, "Limits", f.limit.flags())
	addFlags(cmd, "What to show", f.show.flags())
	a.completeHosts(cmd, &f.sel)
	completeWords(cmd, "format", formats...)
	return cmd
}

// check refuses flags that contradict each other.
func (f *runFlags) check(args []string) error {
	switch {
	case f.script == "" && strings.TrimSpace(strings.Join(args, "")) == "":
		return &usageError{err: badUsage("there is no command to run"), hint: "it comes last: fleet run -w web01 -- uptime"}
	case f.script != "" && f.argv:
		return badUsage("--script and --argv do not go together")
	case f.stdin && f.noStdin:
		return badUsage("-I and -n contradict each other")
	case f.noStdin && f.script == "-":
		return badUsage("standard input is the script (--script -), so -n cannot be")
	case f.stdin && f.script == "-":
		return badUsage("standard input is the script (--script -), so -I has none to send")
	case (f.stdin || f.script == "-") && f.readsList():
		return badUsage("standard input is the list of hosts (-w -), and can be nothing else")
	case !f.sel.selects():
		hint := "-w PATTERN, -g GROUP or -a says which"
		if slices.ContainsFunc(args, func(w string) bool { return w == "-a" || strings.HasPrefix(w, "-w") || strings.HasPrefix(w, "-g") }) {
			hint = "flags come before the command: fleet run -w web01 -- uptime"
		}
		return &usageError{err: badUsage("no hosts are selected"), hint: hint}
	}
	return f.show.check()
}

// readsList reports whether -w - reads standard input.
func (f *runFlags) readsList() bool { return slices.Contains(f.sel.hosts, "-") }

// command builds what runs on every host, and the title under which it is
// reported.
func (f *runFlags) command(a *app, args []string) (c transport.Command, title string, err error) {
	title = strings.Join(args, " ")
	switch {
	case f.script != "":
		text, err := readScript(a.env.stdin, f.script)
		if err != nil {
			return c, "", err
		}
		c.Script, c.Interpreter, c.Args = text, tasks.Interpreter(text), args
		title = strings.TrimSpace(f.script + " " + title)
	case f.argv:
		quoted := make([]string, len(args))
		for i, w := range args {
			quoted[i] = pool.Quote(w)
		}
		c.Script = strings.Join(quoted, " ")
	default:
		c.Script = title
	}
	if f.tty {
		cols, rows := 80, 24
		if file, ok := a.env.stdout.(*os.File); ok && term.IsTerminal(file) {
			cols, rows = term.Size(file)
		}
		c.TTY = &transport.TTY{Term: a.env.value("TERM"), Rows: rows, Cols: cols}
	}
	return c, title, nil
}
