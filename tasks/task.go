package tasks

import (
	"time"

	"github.com/hashicorp/hcl/v2"

	"fleet/inventory"
)

// A Task is a task block, decoded and checked.
type Task struct {
	Name, Description string
	Place             string // of its block, as file:line
	DependsOn         []string
	Lock              string // the name of the lock on the hosts; "" is none
	Linear            bool   // strategy = "linear": all hosts of a batch do a step before any does the next
	Tags              []string
	Rollout           *Rollout // nil: all hosts in one batch, and no budget

	Steps, Handlers, Revert, OnFailure, Always []*Step

	pattern        string // selects its hosts
	hostsAt        hcl.Range
	dependsAt      []hcl.Range // of DependsOn
	preconditions  []*condition
	postconditions []*condition
}

// A Rollout says in which batches the hosts of a task have their turn, and when
// that ends early.
type Rollout struct {
	Canary  Size   // the first batch; zero: there is none
	Batches []Size // the sizes of the next ones; the last one is repeated
	// MaxFailures and MaxUnreachable are how many hosts of the whole rollout
	// may fail, or be unreachable, before no further batch begins.
	MaxFailures, MaxUnreachable Size
	Stagger                     time.Duration // between two batches
	MinHealthyTime              time.Duration // after a batch, before it counts as good
	AutoRevert                  bool          // a batch that uses up the budget carries out revert
	AutoPromote                 bool          // go on after a good canary without asking; the default
}

// A Size is a number of hosts, or a share of all hosts of a task.
type Size struct {
	N       int
	Percent float64 // counts where it is not 0
}

// A Step is a step or handler block, decoded and checked. What depends on the
// host is bound by [Host.Bind].
type Step struct {
	Name  string
	Place string // as file:line

	Once, Local, Barrier bool
	Throttle             int // most hosts that are at this step at one time; 0: no bound
	Notify               []string
	IgnoreErrors         bool
	Idempotent           bool // may be sent again where it is not known whether it ran; always so where it Transfers
	Health               bool // is repeated when MinHealthyTime is over
	Tags                 []string
	Timeout, IdleTimeout time.Duration // 0: none
	GuardTimeout         time.Duration // Timeout, or 30 s
	Retry                Retry
	// Referenced says that an expression elsewhere asks for the result.
	Referenced bool
	// Kind is the name of its action: "command", "argv", "script", "copy", "template",
	// "fetch", "sync", "wait", "tunnel"; or "flush": handlers that were notified by now
	// have their turn.
	Kind string

	late lateStep
}

// A Retry says how often a step is tried.
type Retry struct {
	Attempts int           // at least 1
	Delay    time.Duration // before the second attempt
	Backoff  float64       // each further delay is so many times the one before; at least 1
	MaxDelay time.Duration // 0: none
}

// lateStep are the parts of a step that are made for each host on its own.
type lateStep struct {
	// attrs are the expressions that are there, by the names of their
	// attributes; those of a block have its name before theirs ("wait.port").
	attrs map[string]hcl.Expression
	// waitTimeout and waitDelay are the times of a wait block.
	waitTimeout, waitDelay time.Duration
	// onDown is that of a tunnel block.
	onDown string
	// backup, follow and deletes are those of blocks that copy files.
	backup, follow, deletes bool

	postconditions []*condition
}

type condition struct {
	expr, message hcl.Expression
}

// A Plan is the tasks to carry out, in an order in which each comes after those
// that it depends on.
type Plan struct {
	Tasks []*Planned
	// Delegates are the hosts that steps are delegated to by `on`, each once, as far
	// as that is known before the first step.
	Delegates []*inventory.Host
	// Anywhere are the steps, as TASK.STEP, that may be delegated to any host of
	// the inventory: which, is known only when other steps have run.
	Anywhere []string

	inv     *inventory.Inventory
	exprs   *expressions // made by check, and anew by Resolve
	sources []Source     // found by check
	exclude func(lines []string) error
}

// A Planned is a task with its hosts.
type Planned struct {
	*Task
	Hosts   []*inventory.Host // in selection order; the place in it is host.index
	Batches []Batch
	// MaxFailures and MaxUnreachable are the budget in hosts; -1 is no bound.
	MaxFailures, MaxUnreachable int
	After                       []*Planned // the tasks of the plan that it depends on
	// Skip says for each step of the task why it is left out on all hosts, by
	// --only, --skip or --start-at.
	Skip map[*Step]string
}

// A Batch is hosts that have their turn together, by their places in Planned.Hosts.
type Batch struct {
	Canary bool
	Hosts  []int
}
