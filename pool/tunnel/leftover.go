package tunnel

import (
	"context"
	"strings"
	"time"

	"fleet/transport"
)

// OpenSSH leaves the file of a Unix socket behind when a connection ends, and
// refuses to listen where one is. So an exit makes a note of the file it made, and
// removes it at the end, and before it listens there again: that one, and no other.

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

// leaveLimit is the time to tidy up on the host when all is closed; somebody waits.
const leaveLimit = 900 * time.Millisecond

// leave removes the socket when the forward is closed, where the host was within
// reach until now.
func (x *exit) leave(ctx context.Context) {
	if !x.bound || x.mark == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveLimit)
	defer cancel()
	x.removeSocket(ctx)
}

// removeSocket reports whether it removed the socket that we made.
func (x *exit) removeSocket(ctx context.Context) bool {
	st, err := x.set.cfg.Transport.Run(ctx, x.target, &transport.Command{Script: removeScript, Args: []string{x.listen.Address, x.mark}})
	return err == nil && st.OK()
}
