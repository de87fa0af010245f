// Package transport is the seam of fleet: the few things that can be done on
// one machine, and nothing about how.
//
// # The model
//
// A [Target] says which machine and how to reach it; it is plain data. A
// [Command] says what to run there and where its bytes go. A [Transport] does
// five things on a target: run a command, open a subsystem (sftp), dial from
// there, listen there, and connect to it for one caller alone, who gets a [Link]
// to dial and listen over. The runner, tunnels and transfers are written once on
// this interface, and work on every implementation of it: the connection pool
// of package pool, the [Local] transport of this package, later the resident
// agent. Package transporttest states the contract as tests; every
// implementation runs them.
//
// # What a result means
//
// A command that ran to its end has a [Status], whatever the status is: a
// non-zero exit is not an error. Everything else is an [*Error], whose [Kind]
// says which sort of thing went wrong and whose Sent and Stopped fields say
// what is known about the command: whether it may have begun, and, when it was
// stopped, whether its end was verified. [SafeToRetry] reads them.
//
// # Ownership and concurrency
//
// All methods of a Transport are safe for concurrent use. The context bounds
// every method; when it ends while a command runs, Run first stops the command
// (TERM to its process group, a grace period, KILL, verification) and then
// returns, so it may outlive the context by the grace period and a few seconds.
// The readers and writers of a Command are used by Run only until it returns.
//
// The package is a leaf: it imports the standard library alone.
package transport
