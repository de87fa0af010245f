// Package runner walks work over hosts.
//
// # The model
//
// A run is a list of [Job] values, one for each host, and what they have in
// common. [Run] works on at most Fanout hosts at one time, each in a goroutine
// of an errgroup; a host's failure is a result and never touches another host.
// What happens is told to an event.Sink as it happens; what it comes to is the
// event.Summary that Run returns.
//
// # Stopping
//
// A run is stopped by canceling its context with a [Stop] as the cause, which
// says why: the user, a limit, a full disk. No further host is started then, the
// transport stops what is running, and every host that had no turn is reported
// as not attempted: each selected host ends with exactly one outcome.
//
// # Ownership and concurrency
//
// Run returns when every goroutine that it started has ended. The sink is called
// from many of them at one time.
package runner
