// Package event is the vocabulary of what happened in a run.
//
// # The model
//
// A run is told as one stream of [Event] values: run_start, then for each host
// host_start, connect, output..., host_end, and at last run_end; note may come
// anywhere. Producers call [Sink.Emit]; renderers, journals and tallies are
// sinks. Nobody looks into another package to learn what happened: what is not
// in an event did not happen.
//
// # Order and ownership
//
// Events of one host are in order; those of different hosts interleave. Nothing
// is dropped: Emit blocks until the sink has taken the event. Emit is called
// from many goroutines at one time. An event's Data belongs to the producer and
// is reused after Emit returns: a sink that needs it later copies it.
//
// # Wire form
//
// [Event.AppendJSON] is the documented form (docs/events.md): one object a
// line, additive only; [ParseJSON] reads it. The package is a leaf: it imports
// the standard library alone.
package event
