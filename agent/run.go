package agent

import (
	"fleet/transport"
)

// run is the handler of opRun.
func (o *operation) run() (transport.Status, error) {
	c := o.request.command
	if o.request.stdin {
		c.Stdin = o.in
	}
	if o.request.stdout {
		c.Stdout = output{o, frameStdout}
	}
	if o.request.stderr {
		c.Stderr = output{o, frameStderr}
	}
	if o.request.place {
		c.Place = clientPlace{o}
	}
	c.Started = func() { _ = o.toClient(frameStarted, nil) }
	return o.server.cfg.Transport.Run(o.ctx, o.request.target, &c)
}

// output sends what a command prints. While the client does not read, Write waits,
// and so do the connection to the host and the command.
type output struct {
	o    *operation
	kind frameKind
}

func (w output) Write(p []byte) (int, error) {
	for n := 0; n < len(p); {
		piece := p[n:min(len(p), n+maxFrame)]
		if err := w.o.toClient(w.kind, piece); err != nil {
			return n, err
		}
		n += len(piece)
	}
	return len(p), nil
}
