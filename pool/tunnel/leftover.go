package tunnel

import (
	"context"
	"strings"

	"fleet/transport"
)

// OpenSSH leaves the file of a Unix socket behind when a connection ends, and
// refuses to listen where one is. So an exit makes a note of the file it made, and
// removes it before it listens there again: that one, and no other.

// The marks are the number of the file, by ls(1), which is on every host.
const (
	markScript   = `[ -S "$1" ] && ls -di -- "$1"`
	removeScript = `[ -S "$1" ] && [ "$(ls -di -- "$1")" = "$2" ] && rm -- "$1"`
)

// markSocket returns what tells the socket from others at its place; empty where
// that cannot be known.
func (x *exit) markSocket(ctx context.Context) string {
	var out strings.Builder
	st, err := x.set.cfg.Transport.Run(ctx, x.target, &transport.Command{Script: markScript, Args: []string{x.listen.Address}, Stdout: &out})
	if err != nil || !st.OK() {
		return ""
	}
	return strings.TrimRight(out.String(), "\n")
}

// removeSocket reports whether it removed the socket that we made.
func (x *exit) removeSocket(ctx context.Context) bool {
	st, err := x.set.cfg.Transport.Run(ctx, x.target, &transport.Command{Script: removeScript, Args: []string{x.listen.Address, x.mark}})
	return err == nil && st.OK()
}
