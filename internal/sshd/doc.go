// Package sshd is an embedded SSH server: what the lab, the demo and the tests
// of fleet connect to.
//
// # The model
//
// A [Server] serves any number of listeners. Each connection logs in by key,
// certificate, password or keyboard-interactive, and then opens sessions
// (commands, shells, sftp) and forwards. Commands run through a real shell, as
// sshd runs them: in a session and process group of their own, with pipes or a
// pseudo-terminal, in the home folder, and with nothing of the server's own
// environment. Where OpenSSH has a habit that clients trip over, this server
// has it too: a command outlives the channel it was started on, the exit
// status is sent before the output is drained, a channel stays open as long as
// anything holds the command's output open, signals are ignored unless asked
// for, and unknown global requests are answered with a failure.
//
// What a test needs to see go wrong is in [Faults]: they can be changed while
// the server runs. [Delay] gives a listener a distance. [HostileFiles] are files
// that lie about themselves.
//
// # Ownership and concurrency
//
// All methods of a Server are safe for concurrent use. A Server owns the
// listeners it was given, its connections and the processes of its commands;
// [Server.Close] ends them all, verifies that no process is left, and returns
// when the last goroutine has ended. Servers that share one [Children] leave
// the processes that escaped their group to the owner of it.
//
// An idle connection costs one goroutine besides the three of x/crypto/ssh.
//
// The server gives the account it runs under to everybody who can log in.
// Listen on loopback addresses only.
package sshd
