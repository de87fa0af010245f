// Package journal records runs on disk as they happen, and reads what was
// recorded: to list runs, to show their logs, and to go on where one ended.
//
// # The model
//
// A [Store] is a folder with one folder a run. A [Writer] is an event sink that
// fills one, and a [Run] is one that is read, also while it is written:
//
//	20261123-110512-ab12cd/
//	  run.json      what was asked for (Meta); locked as long as the writer lives
//	  events.jsonl  the events, one a line, in the form of docs/events.md
//	  logs/         for each host what its steps printed
//
// What was asked for never changes, events are only ever appended, and how the
// run ended is its last event. So a crash at any moment leaves a run that can be
// read: one whose lock nobody holds and that has no run_end has died.
//
// # Intents
//
// In a run of tasks a step_start is an intent: [Writer.Emit] returns when it is
// on disk, and only then is the step sent. Intents of many hosts share one fsync,
// of which there are at most 200 a second while intents keep coming. All other
// events are written at once, in order with the intents, and waited for by
// nobody: where one is lost in a crash, the step counts as sent, with an unknown
// end, which is the safe side. [Run.State] tells what need not be done again, and
// what is unknown.
//
// A run of one command has no intents: its events, with the first of what each
// host printed, are buffered, and cost next to nothing.
//
// # What is in it
//
// Whatever the sink is given. Secrets are masked before: the redactor comes first
// among the sinks. Folders have mode 0700 and files 0600.
//
// # Ownership and concurrency
//
// Emit may be called from many goroutines, under the rules of event.Sink, and
// needs nothing of the event afterwards. A Writer has two goroutines, which end
// with Close. A Store, and a Run, may be used by many goroutines. Several
// processes may share one folder: old runs are removed by whoever begins a new
// one, and never while they run.
package journal
