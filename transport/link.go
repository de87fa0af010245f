package transport

import (
	"context"
	"net"
)

// A Link is one connection to a target that belongs to one caller: what goes over
// it shares a life, and nothing else has a part in it. All methods are safe for
// concurrent use.
//
// A connection that Dial or a listener brings has CloseWrite, and no deadlines:
// close it to end a Read or a Write. A Write that waits for a far side which does
// not read may go on until that side or the link ends.
type Link interface {
	// Dial connects from the target to addr, as seen from there. network is
	// "tcp" or "unix". ctx bounds the dialing, not the connection. An error is
	// of KindRefused where the far side said no, and of KindLost where the link
	// is over; ErrNoForwarding is in its chain where the target lets nobody
	// connect onward.
	Dial(ctx context.Context, network, addr string) (net.Conn, error)

	// Listen listens on the target, which chooses the port where addr has port
	// 0; the listener's Addr tells it. Connections wait to be accepted up to a
	// bound, beyond which they are refused; they never hold up the link. Closing
	// the listener ends neither the link nor a connection that was accepted.
	Listen(ctx context.Context, network, addr string) (net.Listener, error)

	// Ping makes one round trip. Any answer is a sign of life.
	Ping(ctx context.Context) error

	// Done is closed when the link is over.
	Done() <-chan struct{}

	// Err is why the link is over: net.ErrClosed after Close, else an *Error of
	// KindLost. It is nil while the link lives.
	Err() error

	// Close ends the link and everything on it. It returns when all that the
	// link began has ended.
	Close() error
}
