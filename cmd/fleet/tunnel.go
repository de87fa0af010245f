package main

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fleet/internal/forward"
)

// tunnelFlags are those of "fleet tunnel".
type tunnelFlags struct {
	sel   selectionFlags
	conn  connectionFlags
	limit limitFlags
	show  showFlags // of what --exec prints

	rules   []forward.Rule // -L, -R and -D, in the order given
	permit  forward.Permits
	onDown  string
	gateway bool

	wait     bool // --wait, or what implies it
	within   time.Duration
	exec     string // --exec
	execOnce string // --exec-once
}

// forwardFlags declares what is forwarded.
func (f *tunnelFlags) forwardFlags() *pflag.FlagSet {
	fs := newFlagSet()
	fs.VarP(f.forward(forward.Local), "local", "L", "listen here and lead to a place that the host can reach: `[ADDRESS:]PORT:HOST:PORT`, or the path of a socket on either side")
	fs.VarP(f.forward(forward.Remote), "remote", "R", "listen on the host and lead back to here, as `[ADDRESS:]PORT:HOST:PORT`; SOCKS without HOST:PORT")
	fs.VarP(f.forward(forward.Dynamic), "dynamic", "D", "listen here for SOCKS on `[ADDRESS:]PORT`: the client says where the host connects to")
	fs.Var(f.permits(), "permit", "SOCKS and -R may only lead to `PLACE`, such as 10.0.0.0/8:* or '*.internal:443'; repeatable")
	fs.Var(choice(&f.onDown, "wait", "refuse"), "on-down", "while a host is away, new connections `DO` this: wait (default) or refuse")
	fs.BoolVar(&f.gateway, "gateway", false, "other machines may use it, too, where ADDRESS says so")
	return fs
}

// useFlags declares what is done with tunnels that are open.
func (f *tunnelFlags) useFlags() *pflag.FlagSet {
	const forever = "0s"
	fs := newFlagSet()
	fs.Var(&textValue{
		set: func(s string) error {
			f.wait = true
			return duration(&f.within, "").Set(s)
		},
		text: func() string { return "" },
	}, "wait", "all of them have to be open, within `TIME` where it is given; otherwise none stays open")
	fs.Lookup("wait").NoOptDefVal = forever
	fs.Var(text(&f.exec, notBlank), "exec", "run `COMMAND` here for every host, with $PORT and $ADDRESS, and close")
	fs.Var(text(&f.execOnce, notBlank), "exec-once", "run `COMMAND` here one time, with $PORT_<host> of all of them, and close")
	return fs
}

// showFlags declares how it is shown.
func (f *tunnelFlags) showFlags() *pflag.FlagSet {
	all, fs := f.show.flags(), newFlagSet()
	fs.Var(choice(&f.show.format, formats...), "format", "`FORMAT`: text, json or jsonl; of --exec also junit")
	for _, name := range []string{"gather", "no-prefix"} {
		flag := all.Lookup(name)
		flag.Usage = "of --exec: " + flag.Usage
		fs.AddFlag(flag)
	}
	return fs
}

// atOnce declares how many hosts are connected to at one time.
func (f *tunnelFlags) atOnce() *pflag.FlagSet {
	all, fs := f.limit.flags(), newFlagSet()
	flag := all.Lookup("fanout")
	flag.Usage = "connect to at most `N` hosts at one time, and run --exec for as many (default 64)"
	fs.AddFlag(flag)
	return fs
}

func newTunnelCommand(a *app) *cobra.Command {
	f := tunnelFlags{onDown: "wait"}
	cmd := &cobra.Command{
		Use:   "tunnel [flags] [NAME...]",
		Short: "Forward ports through hosts, as ssh -L, -R and -D do",
		Long: `Forward ports through one host or many, as ssh -L, -R and -D do, until Ctrl-C.
NAME is a tunnel block of the inventory; without one, -L, -R and -D say what is
forwarded. With several hosts, the first listens on the port that is given, and
each next one on the port after that; port 0 is any free one. What is lost is
connected again. Only this machine can use a tunnel unless ADDRESS and --gateway
say otherwise. "fleet tunnel up" keeps tunnels open in the background.`,
		Example: "  fleet tunnel -w db1 -L 15432:localhost:5432\n" +
			"  fleet tunnel -w '@db' -L 0:localhost:5432 --exec ./check.sh\n" +
			"  fleet tunnel postgres --limit db1",
		RunE: func(cmd *cobra.Command, names []string) error {
			return a.tunnelCommand(cmd.Context(), &f, names)
		},
	}
	addFlags(cmd, "What to forward", f.forwardFlags())
	addFlags(cmd, "What to do with it", f.useFlags())
	addFlags(cmd, "Which hosts", f.sel.flags())
	addFlags(cmd, "Which hosts", f.sel.inventoryFlags())
	addFlags(cmd, "How to connect", f.conn.flags())
	addFlags(cmd, "How to connect", f.atOnce())
	addFlags(cmd, "What to show", f.showFlags())
	a.completeTunnels(cmd, &f)
	cmd.AddCommand(newTunnelListCommand(a), newTunnelUpCommand(a), newTunnelDownCommand(a))
	return cmd
}

// forward is a flag that adds a rule.
func (f *tunnelFlags) forward(kind forward.Kind) pflag.Value {
	return &textValue{
		list: true,
		set: func(s string) error {
			rule, err := forward.Parse(kind, s)
			if err != nil {
				return unquoted(s, err)
			}
			f.rules = append(f.rules, rule)
			return nil
		},
		text: func() string { return "" },
	}
}

// permits is a flag that adds to what SOCKS and remote forwards may lead to.
func (f *tunnelFlags) permits() pflag.Value {
	return &textValue{
		list: true,
		set: func(s string) error {
			permit, err := forward.ParsePermit(s)
			if err != nil {
				return unquoted(s, err)
			}
			f.permit = append(f.permit, permit)
			return nil
		},
		text: func() string { return "" },
	}
}

// unquoted is err without the value that it is about, which the message about a
// flag has already.
func unquoted(value string, err error) error {
	if rest, ok := strings.CutPrefix(err.Error(), strconv.Quote(value)+": "); ok {
		return errors.New(rest)
	}
	return err
}

// notBlank is for commands.
func notBlank(s string) error {
	if strings.TrimSpace(s) == "" {
		return wrong("is no command", "")
	}
	return nil
}

// check refuses flags that contradict each other.
func (f *tunnelFlags) check(names []string) error {
	kept := f.show
	if len(names) > 0 {
		if err := f.checkWaitTime(names[0]); err != nil {
			return err
		}
	}
	switch {
	case len(names) > 0 && len(f.rules) > 0:
		return badUsage("%q is a tunnel of the inventory, and does not go with -L, -R or -D", names[0])
	case len(names) > 0 && f.sel.given():
		return &usageError{err: badUsage("the tunnel block says which hosts, so -w, -g and -a do not go with %q", names[0]), hint: "fewer of them are --limit PATTERN"}
	case len(names) > 0 && len(f.permit) > 0:
		return badUsage("the tunnel block says where it may lead, so --permit does not go with %q", names[0])
	case len(f.rules) > 0 && !f.sel.selects():
		return &usageError{err: badUsage("no hosts are selected"), hint: "-w PATTERN, -g GROUP or -a says which"}
	case f.exec != "" && f.execOnce != "":
		return badUsage("--exec and --exec-once do not go together: one command for every host, or one for all")
	case f.exec == "" && (kept.gather != "" || kept.noPrefix || kept.format == "junit"):
		return badUsage("-b, -N and --format junit are for what --exec prints")
	case f.execOnce != "" && kept.format != "text":
		return badUsage("what --exec-once prints is what is shown, so --format %s does not go with it", kept.format)
	case len(f.permit) > 0 && !f.permittable():
		return badUsage("--permit is for -D and -R; the only place that -L leads to is in it")
	}
	return f.show.check()
}

// permittable reports whether a rule leads to where somebody else says.
func (f *tunnelFlags) permittable() bool {
	for _, r := range f.rules {
		if r.Kind != forward.Local {
			return true
		}
	}
	return false
}

// checkWaitTime refuses a time that stands apart from --wait, as a name.
func (f *tunnelFlags) checkWaitTime(name string) error {
	if _, err := time.ParseDuration(name); !f.wait || err != nil {
		return nil
	}
	return &usageError{err: badUsage("%q is no tunnel", name), hint: "a time to wait has an equals sign: --wait=" + name}
}
