package credential

import (
	"context"
	"io"
	"net"
	"os"
	"strings"
)

// dialAgent opens the named pipe of the Windows agent, or a Unix socket.
func dialAgent(ctx context.Context, socket string) (io.ReadWriteCloser, error) {
	if strings.HasPrefix(socket, `\\`) {
		return os.OpenFile(socket, os.O_RDWR, 0)
	}
	var d net.Dialer
	return d.DialContext(ctx, "unix", socket)
}
