package tunnel

import (
	"context"
	"fmt"
	"net"

	"fleet/internal/forward"
)

// request asks a SOCKS client where it wants to go, and whether it may. Where it
// may not, it has been told.
func request(ctx context.Context, conn net.Conn, permit forward.Permits) (*socksRequest, forward.Endpoint, error) {
	r, err := negotiate(ctx, conn, socksLimit)
	if err != nil {
		return nil, forward.Endpoint{}, err
	}
	if !permit.Allows(r.host, r.port) {
		r.deny(ctx, errNotPermitted)
		return nil, forward.Endpoint{}, fmt.Errorf("%q: %w", r.target(), errNotPermitted)
	}
	return r, r.target(), nil
}
