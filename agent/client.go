package agent

import (
	"context"
	"crypto/rand"

	"fleet/transport"
)

// A RefusedError is an operation that the agent did not take: it is busy, or about
// to end. Nothing of it was begun.
type RefusedError struct{ Text string }

func (e *RefusedError) Error() string { return "the agent refused: " + e.Text }

// A Client is the transport of an agent in another process. It holds no
// connection: each operation has one of its own.
type Client struct {
	// Else takes the operations that never reached the agent, because it has
	// ended or is about to; nil: they fail. It is set before the first use.
	Else transport.Transport

	socket string
	id     string // that tells the user of this client from others
}

// Dial finds the agent that serves socket, and makes sure that it is this user's and
// of a version that speaks as we do: else the error is ErrNotRunning, a
// *VersionError, or says what is wrong with the socket.
func Dial(ctx context.Context, socket string) (*Client, error) {
	c := &Client{socket: socket, id: rand.Text()}
	if err := checkSocket(socket); err != nil {
		return nil, err
	}
	if err := c.hello(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// Close implements io.Closer. What is under way goes on.
func (c *Client) Close() error { return nil }
