package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"fleet/inventory"
	"fleet/runner"
	"fleet/transport"
)

// connectionFlags say how to reach hosts. What is not given is left to the
// inventory and to ssh_config.
type connectionFlags struct {
	user           string        // -l
	port           int           // -p; 0 where it is not given
	jump           string        // -J
	configFile     string        // -F; "none" is no file
	options        []string      // -o
	identities     []string      // --identity
	connectTimeout time.Duration // -t; 0 where it is not given
	askPass        bool          // -k
}

func (f *connectionFlags) flags() *pflag.FlagSet {
	fs := newFlagSet()
	fs.VarP(text(&f.user, notAPattern), "user", "l", "log in as `NAME`")
	fs.VarP(port(&f.port), "port", "p", "port `N`")
	fs.VarP(text(&f.jump, notEmpty), "jump", "J", "go through `HOST`, or through several: first,second")
	fs.VarP(text(&f.configFile, notEmpty), "ssh-config", "F", "ssh_config `FILE`; none: read no such file")
	fs.VarP(texts(&f.options, sshOption), "option", "o", "any ssh_config option, as `KEY=VALUE`; repeatable")
	fs.Var(texts(&f.identities, notEmpty), "identity", "private key `FILE` to log in with; repeatable")
	fs.VarP(duration(&f.connectTimeout, "a pseudo-terminal is --tty"), "connect-timeout", "t", "give each host `TIME` to connect (default 10s)")
	fs.BoolVarP(&f.askPass, "ask-pass", "k", false, "ask for the login password, once")
	return fs
}

// inventoryFlags are the flags as package inventory takes them.
func (f *connectionFlags) inventoryFlags() inventory.Flags {
	return inventory.Flags{
		User: f.user, Port: f.port, Jump: f.jump, Identities: f.identities,
		ConnectTimeout: f.connectTimeout, SSH: f.options,
	}
}

// check finds mistakes that do not depend on the hosts.
func (f *connectionFlags) check() error {
	flags := f.inventoryFlags()
	if err := flags.Check(); err != nil {
		return &usageError{err: err}
	}
	if f.askPass && f.batch() {
		return badUsage("-k asks for a password, and BatchMode=yes forbids to ask")
	}
	return nil
}

// batch reports whether -o forbids to ask anything.
func (f *connectionFlags) batch() bool {
	flags := f.inventoryFlags()
	return flags.Batch()
}

// warnIdle says which options ssh would have heeded.
func (a *app) warnIdle(f *connectionFlags) {
	flags := f.inventoryFlags()
	for _, o := range flags.Idle() {
		fmt.Fprintf(a.env.stderr, "fleet: warning: -o %q has no effect here\n", o)
	}
}

// becomeFlags say which user a command runs as.
type becomeFlags struct {
	sudo    bool   // -s
	user    string // --become
	askPass bool   // -K
}

func (f *becomeFlags) flags() *pflag.FlagSet {
	fs := newFlagSet()
	fs.BoolVarP(&f.sudo, "sudo", "s", false, "run as root")
	fs.Var(text(&f.user, notAPattern), "become", "run as `USER`")
	fs.BoolVarP(&f.askPass, "ask-become-pass", "K", false, "ask for the sudo password, once")
	return fs
}

// wanted reports whether the command line asks for another user.
func (f *becomeFlags) wanted() bool { return f.sudo || f.user != "" }

// check refuses a password for nothing: -K asks, and -s, --become or the
// inventory say who the command runs as. batch forbids to ask.
func (f *becomeFlags) check(hosts []*inventory.Host, batch bool) error {
	if f.askPass && batch {
		return badUsage("-K asks for the sudo password, and BatchMode=yes forbids to ask")
	}
	if !f.askPass || f.wanted() || slices.ContainsFunc(hosts, func(h *inventory.Host) bool { return f.over(h.Become(), transport.Secret{}) != nil }) {
		return nil
	}
	return &usageError{err: badUsage("-K asks for the sudo password, and nothing is to run by sudo"), hint: "-s runs the command as root, --become USER as somebody else"}
}

// limitFlags bound how much happens at one time, and for how long.
type limitFlags struct {
	fanout         int           // -f
	commandTimeout time.Duration // -u; 0 is none
	idleTimeout    time.Duration // --idle-timeout; 0 is none
	deadline       time.Duration // --deadline; 0 is none
}

func (f *limitFlags) flags() *pflag.FlagSet {
	fs := newFlagSet()
	fs.VarP(count(&f.fanout, 1, ""), "fanout", "f", "at most `N` hosts at one time (default 64)")
	fs.VarP(duration(&f.commandTimeout, "the login user is -l"), "command-timeout", "u", "stop a command after `TIME`")
	fs.Var(duration(&f.idleTimeout, ""), "idle-timeout", "stop a command that printed nothing for `TIME`")
	fs.Var(duration(&f.deadline, ""), "deadline", "stop the whole run after `TIME`")
	return fs
}

// whole declares those that are for a run of tasks: its steps have times of their
// own.
func (f *limitFlags) whole() *pflag.FlagSet {
	all, fs := f.flags(), newFlagSet()
	fs.AddFlag(all.Lookup("fanout"))
	fs.AddFlag(all.Lookup("deadline"))
	return fs
}

// orDefault is the fanout that counts: the flag, FLEET_FANOUT, or the default.
func (f *limitFlags) orDefault(e *env) (int, error) {
	if f.fanout > 0 {
		return f.fanout, nil
	}
	name := e.value("FLEET_FANOUT")
	if name == "" {
		return runner.DefaultFanout, nil
	}
	var n int
	if err := count(&n, 1, "").Set(name); err != nil {
		return 0, badUsage("FLEET_FANOUT: %q %w", name, err)
	}
	return n, nil
}
