// Package agent is the resident process that keeps connections, and the way to
// it: a [Server] serves any transport on a Unix socket, and a [Client] is that
// transport in another process of the same user.
//
// # The model
//
// The socket speaks HTTP, so that status, metrics and control can be read with
// curl. An operation of the transport is a request that is upgraded to a stream of
// frames (frame.go): its first frame says what to do, what follows are the bytes,
// questions and notices of this one operation, and the last frame says how it
// ended. Each operation has a socket connection of its own. So back-pressure is
// the kernel's: a client that does not read holds up its own operation and no
// other; and the end of a client is the end of its connections, which stops what it
// ran.
//
// The side that reads from the client never waits for anything but the client,
// so that a cancellation or the end of the client is always noticed: what travels
// to a host, such as a command's input, is sent only as far as credit for it was
// given.
//
// The agent reads no inventory and no task file, and knows no runner: it is told
// complete targets and commands. Who has the terminal does the asking: a question
// of a login travels to the client whose operation began it.
//
// # Ownership and concurrency
//
// Server and Client are safe for concurrent use. An operation's goroutines end
// with it, and [Server.Serve] returns when all have.
package agent
