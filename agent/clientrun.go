package agent

import (
	"context"
	"errors"
	"io"

	"fleet/transport"
)

// Run implements transport.Transport.
func (c *Client) Run(ctx context.Context, t transport.Target, cmd *transport.Command) (transport.Status, error) {
	if err := context.Cause(ctx); err != nil {
		return transport.Status{}, contextError(ctx, "connect", &t)
	}
	r := &request{op: opRun, target: t, command: *cmd}
	r.stdin, r.stdout, r.stderr, r.place = cmd.Stdin != nil, cmd.Stdout != nil, cmd.Stderr != nil, cmd.Place != nil
	k, err := c.begin(ctx, r)
	if err != nil {
		if c.Else != nil && notTaken(err) {
			return c.Else.Run(ctx, t, cmd)
		}
		return transport.Status{}, callError(err, "run", &t)
	}
	k.place = cmd.Place
	defer k.end()
	if cmd.Stdin != nil {
		go k.feed(cmd.Stdin) // ends with the input, or with the call; see end of Run
		if closer, ok := cmd.Stdin.(io.Closer); ok {
			defer func() { _ = closer.Close() }()
		}
	}
	return k.run(cmd)
}

// run deals out what the agent sends until the command has ended.
func (k *call) run(cmd *transport.Command) (transport.Status, error) {
	var failed error // of a Writer
	for {
		kind, p, err := k.next()
		if err != nil {
			return transport.Status{}, err
		}
		switch kind {
		case frameStarted:
			if cmd.Started != nil {
				cmd.Started()
			}
		case frameStdout:
			failed = k.print(cmd.Stdout, p, failed)
		case frameStderr:
			failed = k.print(cmd.Stderr, p, failed)
		case frameEnd:
			status, err := k.ended(p)
			if failed != nil {
				return transport.Status{}, writerError(k.request, failed, err)
			}
			return status, err
		default:
			return transport.Status{}, k.lost(errFrame)
		}
	}
}

// print writes output. A Writer that fails stops the command; what still comes is
// dropped.
func (k *call) print(w io.Writer, p []byte, failed error) error {
	if failed != nil || w == nil {
		return failed
	}
	_, err := w.Write(p)
	if err != nil {
		m := gaveUp{kind: transport.KindCanceled, text: err.Error()}
		k.cancel(&m)
	}
	return err
}

// writerError is what Run returns for a Writer that failed; err is how the command
// was stopped.
func writerError(r *request, failed, err error) error {
	e := &transport.Error{Op: "run", Host: r.target.Label(), Kind: transport.KindInternal, Err: failed, Sent: true, Stopped: true}
	var stopped *transport.Error
	if errors.As(err, &stopped) {
		e.Stopped = stopped.Stopped
	}
	return e
}

// feed sends stdin, as far as there is credit.
func (k *call) feed(stdin io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := stdin.Read(buf)
		for p := buf[:n]; len(p) > 0; {
			m := k.credit.take(len(p))
			if m == 0 || k.write(frameData, p[:m]) != nil {
				return
			}
			p = p[m:]
		}
		if err != nil {
			_ = k.write(frameEOF, nil)
			return
		}
	}
}

// contextError is for a context that ended before anything was begun.
func contextError(ctx context.Context, op string, t *transport.Target) error {
	kind := transport.KindCanceled
	if transport.KindOf(context.Cause(ctx)) == transport.KindTimeout {
		kind = transport.KindTimeout
	}
	return &transport.Error{Op: op, Host: t.Label(), Kind: kind, Err: context.Cause(ctx), Stopped: true}
}

// callError is an error of begin, on a host.
func callError(err error, op string, t *transport.Target) error {
	var known *transport.Error
	if errors.As(err, &known) {
		return err
	}
	return &transport.Error{Op: op, Host: t.Label(), Kind: transport.KindUnreachable, Err: err, Stopped: true}
}
