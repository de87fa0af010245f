package tasks

import (
	"time"

	"github.com/zclconf/go-cty/cty"

	"fleet/internal/forward"
	"fleet/inventory"
)

// A Bound is a step for one host, with all that was known when it was made.
type Bound struct {
	// Skip says why there is nothing to do; "" where there is something, and
	// where Late says that this is not known yet.
	Skip string
	// Late is set where `when`, `for_each` or `on` needs what is known only after
	// other steps have run. It occurs in hosts made for a preview only.
	Late  bool
	Calls []*Call

	open bool // Late is set as nobody knows yet where it is carried out
}

// A Call is one action on one machine.
type Call struct {
	Key   string          // each.key; "" without for_each
	On    *inventory.Host // where it is carried out; nil: on the host itself, or Local
	Local bool            // on this machine

	Action Action
	Guards []Guard
	Become string // the user; "" leaves it to the host's connection
	// Private says that something in it is sensitive; Secrets are the texts.
	Private bool
	Secrets []string
	// Late says that a part of it is known only after other steps have run. It
	// occurs in hosts made for a preview only; Action is then nil, and Guards
	// holds those that are known.
	Late bool

	each cty.Value // NilVal without for_each
}

// An Action is what a step does: a [*Command], a [*Wait], a [*Tunnel], a [*Copy], a
// [*Fetch] or a [*Sync].
type Action interface{ action() }

// A Command is the action of command, argv and script.
type Command struct {
	Script      string
	Interpreter []string // of a script with a #! line that names another one than a shell
	Env         []string // "NAME=value"
	Dir         string
	Stdin       string
	HasStdin    bool
}

// A Wait is the action of wait: exactly one of Address, Path and URL is set.
type Wait struct {
	Address        string // "host:port", as seen from the machine
	Path           string
	URL            string
	Timeout, Delay time.Duration
}

// A Tunnel is the action of tunnel: to listen here, and to lead through the machine,
// for the rest of the task.
type Tunnel struct {
	Rule   forward.Rule
	OnDown string // "wait" or "refuse": connections, while the machine is away
}

func (*Command) action() {}
func (*Wait) action()    {}
func (*Tunnel) action()  {}

// A Guard is a question that decides whether a call has anything to do. It is
// read-only by contract, so that a preview may ask it.
type Guard struct {
	Kind string // "creates", "removes": a path; "unless", "only_if": a shell command
	Text string
}

// A Result is how the calls of a step ended on a host, together: outputs joined
// in order, the largest status, the sum of the times.
type Result struct {
	Stdout, Stderr  string
	Status          int
	Changed, Failed bool
	Duration        time.Duration
	Listen          forward.Endpoint // of a tunnel, with the port that it got
}
