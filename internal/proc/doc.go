// Package proc reads the table of processes of this machine, for those who must
// end what they have started, whoever it belongs to by now.
//
// # The model
//
// A process is known by its number, its parent and its group, all of which
// change or are used again when processes end; what it keeps, and hands on to
// whatever it starts, is its environment. So a mark in the environment finds the
// descendants of a command even when nothing else leads to them any more.
// [Environ] reads it on Linux; elsewhere nobody may.
//
// # Ownership and concurrency
//
// What is returned is a copy, and old the moment it is returned: a number may be
// another process's by the time it is used. All functions are safe for
// concurrent use.
package proc
