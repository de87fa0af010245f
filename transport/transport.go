package transport

import (
	"context"
	"io"
	"net"
	"time"
)

// A Transport does one thing on one machine. All methods are safe for
// concurrent use and bounded by ctx.
type Transport interface {
	// Run runs c on t and returns when the command has ended and all its
	// output was written. A command that ended by itself, with whatever exit
	// status, is a Status and a nil error. When ctx ends first, Run stops the
	// command and returns an *Error of KindCanceled or KindTimeout whose Sent
	// and Stopped tell what became of it.
	Run(ctx context.Context, t Target, c *Command) (Status, error)

	// Open starts a subsystem (RFC 4254 section 6.5), such as "sftp". The
	// stream lives until it is closed or ctx ends.
	Open(ctx context.Context, t Target, subsystem string) (io.ReadWriteCloser, error)

	// Dial connects from the target to addr, as seen from there. network is
	// "tcp" or "unix". ctx bounds the dialing, not the connection.
	Dial(ctx context.Context, t Target, network, addr string) (net.Conn, error)

	// Listen listens on the target. ctx bounds the set-up, not the listener.
	Listen(ctx context.Context, t Target, network, addr string) (net.Listener, error)

	// Connect makes a connection to t that belongs to the caller alone. ctx
	// bounds the set-up, in every phase of it, not the link.
	Connect(ctx context.Context, t Target) (Link, error)
}

// A Command is what to run on a host: text for /bin/sh, whatever the login
// shell of the account is.
type Command struct {
	// Script is the text, one line or a whole file. It is parsed by /bin/sh
	// on the host and by nothing else on the way.
	Script string
	// Interpreter, when set, runs Script in place of /bin/sh: the words of a
	// command, which gets the name of a temporary file with Script, and Args.
	// The file is gone afterwards, also where the command was killed.
	Interpreter []string
	// Args are the positional parameters $1, $2, ... that Script sees.
	Args []string
	// Stdin is what the command reads; nil is an empty input (/dev/null).
	Stdin io.Reader
	// Stdout and Stderr receive the output as it arrives, in pieces of any
	// size, each from one goroutine at a time; the two run concurrently with
	// each other. A slice passed to Write is reused after Write returns. nil
	// discards. A Write that fails stops the command.
	Stdout, Stderr io.Writer
	// Env is added to the environment, as "NAME=value". Whoever may look into
	// the command's process sees it.
	Env []string
	// Private says that Script, Args or Env hold what others on the host may
	// not see: they travel by the session's input, and none of them becomes an
	// argument of a process that the transport starts. The script then runs in
	// a subshell.
	Private bool
	// Dir is the working directory; empty is the login directory.
	Dir string
	// Become runs the command as another user; nil runs it as the login user.
	Become *Become
	// TTY asks for a pseudo-terminal; nil runs without one. With a terminal,
	// stdout and stderr arrive together on Stdout.
	TTY *TTY
	// Started, when set, is called once, when the host has been asked to run
	// the command: limits of time for the command count from there, not from
	// the connection.
	Started func()
	// Place, when set, is the caller's place among the hosts at work. A
	// transport that can tell that a host does not answer at all gives it up
	// while it waits, so that silent hosts do not hold up the others.
	Place Place
	// Grace is the time between TERM and KILL when the command is stopped.
	// Default 5 s.
	Grace time.Duration
}

// A Place is one of the places for hosts at work at one time. Leave and Enter
// are called in turn, by one goroutine at a time.
type Place interface {
	// Leave gives the place up.
	Leave()
	// Enter takes one again, which may have to be waited for.
	Enter(ctx context.Context) error
}

// DefaultGrace is the time between TERM and KILL where Command.Grace is 0.
const DefaultGrace = 5 * time.Second

// GraceOrDefault is Grace, or DefaultGrace where that is not set.
func (c *Command) GraceOrDefault() time.Duration {
	if c.Grace > 0 {
		return c.Grace
	}
	return DefaultGrace
}

// Become says which user a command runs as, and how it becomes that user.
type Become struct {
	Method   string // "sudo" (the default where empty), "doas" or "su"
	User     string // default "root"
	Password Secret // empty: none is needed, and none will be asked for
}

// TTY describes the pseudo-terminal of a command (RFC 4254 section 6.2).
type TTY struct {
	Term       string // value of TERM; default "xterm"
	Rows, Cols int    // default 24 and 80
}

// A Status is how a command ended.
type Status struct {
	// Code is the exit status, 0 to 255. It is 128+n, as a shell reports it,
	// when the command was ended by signal number n.
	Code int
	// Signal names the signal that ended the command, without "SIG": "KILL".
	// Empty when it exited by itself.
	Signal string
}

// OK reports whether the command ended with status 0.
func (s Status) OK() bool { return s.Code == 0 && s.Signal == "" }
