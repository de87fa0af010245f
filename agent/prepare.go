package agent

import (
	"context"

	"fleet/transport"
)

// prepare is the handler of opPrepare.
func (o *operation) prepare() (transport.Status, error) {
	if o.server.cfg.Prepare == nil {
		return transport.Status{}, nil
	}
	return transport.Status{}, o.server.cfg.Prepare(o.ctx, o.request.targets)
}

// Prepare asks for what the targets need before anything is done with them, such as
// passphrases: the agent turns to the transport.Caller of ctx.
func (c *Client) Prepare(ctx context.Context, targets []transport.Target) error {
	k, err := c.begin(ctx, &request{op: opPrepare, targets: targets})
	if err != nil {
		other, ok := c.Else.(interface {
			Prepare(ctx context.Context, targets []transport.Target) error
		})
		if ok && notTaken(err) {
			return other.Prepare(ctx, targets)
		}
		return err
	}
	defer k.end()
	kind, p, err := k.next()
	if err != nil {
		return err
	}
	if kind != frameEnd {
		return k.lost(errFrame)
	}
	_, err = k.ended(p)
	return err
}
