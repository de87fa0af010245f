// Package childproc runs a command that prints an answer, such as a dynamic
// inventory or a password manager, so that it cannot take more time or memory
// than it is given, and leaves nothing behind.
//
// # The model
//
// A [Command] has no input and two outputs. Of its standard output the beginning
// is kept, up to a bound; one byte more ends the command. Of its standard error
// the end is kept, for the message of a failure. It runs in a process group of
// its own, all of which is killed when the context or the time of the command is
// over, and when the command has ended: whoever wants to stay must be a daemon
// with a session of its own.
//
// A command that may ask a question, as gpg does for a passphrase, is given the
// foreground of the terminal for as long as it runs, where this process has it.
//
// # Ownership and concurrency
//
// [Run] keeps nothing and returns when the command and its outputs are done with:
// a second at most after the command has ended. Any number may run at one time,
// but of those with Terminal set only one: there is one foreground.
package childproc
