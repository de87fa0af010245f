// Command fleet runs commands on many hosts at one time, over SSH.
//
// # The model
//
// main wraps [run], which takes all it needs of the process (arguments, streams,
// environment) and returns the exit status. One file holds one command: it
// declares flags, wires the packages of the project together, and returns an
// error. What an error means for the user, and for the exit status, is decided
// in one place, exit.go.
//
// Flags that several commands share are groups: a struct with a method that
// declares them ([selectionFlags], [connectionFlags], ...), and methods that turn
// them into what the packages want. One letter has one meaning everywhere; the
// type of a value knows which other tool the user may have been thinking of.
//
// # Ownership and concurrency
//
// An app belongs to one invocation. Commands run in one goroutine; what they
// start, they wait for.
package main
