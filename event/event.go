package event

import "time"

// A Type names what happened. The names are the wire form.
type Type string

// The types of this version. More may be added; none will change its meaning.
const (
	RunStart  Type = "run_start"  // Hosts, Command, Fanout
	HostStart Type = "host_start" // Host: it got its place among those at work
	Connect   Type = "connect"    // Host, Duration: it has a usable connection
	Output    Type = "output"     // Host, Stream, Data
	HostEnd   Type = "host_end"   // Host, Outcome, Status, Signal, Kind, Error, Hint, Duration; of files Changed, Files, Bytes
	RunEnd    Type = "run_end"    // Summary, Duration
	Note      Type = "note"       // Level, Message, and Host where it is about one
)

// The types of a run of tasks, besides those above. Task is set in all of them,
// and in the Output of a step Task, Batch, Section, Step, Key and On as well.
const (
	TaskStart  Type = "task_start"  // Hosts: all of the task, in selection order; Batches
	BatchStart Type = "batch_start" // Batch, Hosts, Canary
	StepStart  Type = "step_start"  // Host, Batch, Section, Step, Key, On: it is about to be sent; in Always, Outcome as well
	StepRetry  Type = "step_retry"  // the same, Attempt, Error, Delay: an attempt failed, and another follows
	StepEnd    Type = "step_end"    // the same, Outcome, Status, Signal, Kind, Error, Hint, Reason, Changed, Ignored, Attempt, Notify, Result, Duration; of a tunnel Listen and Target, of files Files and Bytes
	BatchEnd   Type = "batch_end"   // Batch, Outcome: OK, or Failed where it used up the budget; Reason, Hint
	TaskEnd    Type = "task_end"    // Outcome, Reason, Hint, Duration
)

// The types of tunnels. All of them have Host, Name, Kind, Listen and Target.
const (
	TunnelOpen   Type = "tunnel_open"   // it listens, and its far side is connected; also when it is so again
	TunnelDown   Type = "tunnel_down"   // Error, Attempt: the far side is away; another attempt follows
	TunnelFailed Type = "tunnel_failed" // Error, Hint: it is given up
	TunnelClosed Type = "tunnel_closed" // it was open, or was about to be, and is closed
)

// A Section is the part of a task that a step stands in.
type Section string

// The sections, in the order in which a host walks them.
const (
	Steps     Section = "steps"
	Handlers  Section = "handlers"
	Health    Section = "health" // steps of Steps that are repeated when min_healthy_time is over
	Revert    Section = "revert"
	OnFailure Section = "on_failure"
	Always    Section = "always"
)

// A Stream is where output came from.
type Stream string

// The two streams of a command.
const (
	Stdout Stream = "stdout"
	Stderr Stream = "stderr"
)

// An Outcome is how a host ended.
type Outcome string

// The outcomes. Every selected host has exactly one.
const (
	OK           Outcome = "ok"            // status 0
	Failed       Outcome = "failed"        // ended with another status, or the host refused to run it
	Timeout      Outcome = "timeout"       // stopped because its time was over
	Unreachable  Outcome = "unreachable"   // no connection, bad host key, refused login
	Stopped      Outcome = "stopped"       // stopped by the user or a limit of the run; its end was verified
	Unknown      Outcome = "unknown"       // it was sent, and nobody can say how it ended
	NotAttempted Outcome = "not_attempted" // the run ended before its command was sent
)

// Skipped is the outcome of a step that had nothing to do; Reason says why. No
// host ends with it.
const Skipped Outcome = "skipped"

// Outcomes lists all of them, in the order in which summaries name them.
var Outcomes = []Outcome{OK, Failed, Timeout, Unreachable, Stopped, Unknown, NotAttempted}

// An Event is one thing that happened. Which fields are set depends on Type.
type Event struct {
	Type Type
	Time time.Time
	Host string

	Hosts   []string // RunStart: every selected host, in selection order
	Command string   // RunStart: what is run, as the user wrote it
	Fanout  int      // RunStart

	Stream Stream // Output
	Data   []byte // Output: any bytes, cut anywhere; valid until Emit returns

	// Outcome is how a host, step, batch or task ended. At a StepStart in
	// Always it is how the host fared in the task so far; empty for well.
	Outcome Outcome
	// Status is the exit status; -1 where there is none.
	Status int
	Signal string // HostEnd: without "SIG"
	// Kind is a transport.Kind at HostEnd, where the outcome came from an error.
	// Of a tunnel it is "local", "remote", "dynamic" or "remote dynamic".
	Kind     string
	Error    string // HostEnd: what went wrong, without the host's name
	Hint     string // HostEnd: what to do about it
	Duration time.Duration

	Level   string // Note: "info" or "warn"
	Message string // Note

	Summary *Summary // RunEnd

	// Of a tunnel, also of one that a step has opened: the name of its block in the
	// inventory, if it has one; where it listens, with the real port; and where it
	// leads, empty for dynamic ones.
	Name, Listen, Target string

	// What follows is set in runs of tasks.

	Task    string
	Batches int // TaskStart
	Batch   int // counted from 1
	Canary  bool
	Section Section
	Step    string
	Key     string // each.key of a step with for_each
	On      string // where the step is carried out instead of Host: another host, or "local"
	// Attempt is the number of the attempt, from 1: of the one that failed, and
	// at the end of the step of the last one. 0 where nothing was sent.
	Attempt int
	Delay   time.Duration // StepRetry: until the next attempt
	// Once says that a step is carried out one time for all hosts of its task.
	Once bool // StepStart, StepRetry, StepEnd
	// Changed says that the step changed something; at a HostEnd, that what went to
	// the host or came from it did.
	Changed bool
	// Files is how many files got new content, and Bytes how much of it has traveled,
	// where files went to a host or came from it: HostEnd, StepEnd.
	Files int
	Bytes int64
	// Ignored says that the step failed and that this does not matter.
	Ignored bool
	// Reason says why a step was skipped, or a task not carried out.
	Reason string
	// Notify names the handlers that the end of the step calls for.
	Notify []string
	// Result is what later expressions may ask of the step; nil where none does.
	Result *Result
}

// A Result is what a step printed.
type Result struct {
	Stdout string `json:"stdout"`
	Stderr string `json:"stderr"`
	// Masked says that something in it was sensitive and is not there.
	Masked bool `json:"masked,omitempty"`
}

// A Sink takes events. See the package documentation for the rules.
type Sink interface {
	Emit(e *Event)
}

// SinkFunc makes a function a Sink.
type SinkFunc func(*Event)

// Emit calls f.
func (f SinkFunc) Emit(e *Event) { f(e) }

// Tee is a Sink that hands every event to each of sinks, in order.
func Tee(sinks ...Sink) Sink {
	return SinkFunc(func(e *Event) {
		for _, s := range sinks {
			s.Emit(e)
		}
	})
}

// A StepID tells one action in a run of tasks from all others.
type StepID struct {
	Task, Host string
	Section    Section
	Step       string
	Key, On    string
}

// StepID is that of the step that e tells of.
func (e *Event) StepID() StepID {
	return StepID{Task: e.Task, Host: e.Host, Section: e.Section, Step: e.Step, Key: e.Key, On: e.On}
}
