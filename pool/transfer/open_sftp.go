package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"fleet/transport"
)

// extra is one more sftp session with the host, for a big file on a link whose delay
// is more than one can fill.
func (r *Remote) extra(ctx context.Context) (system, func(), error) {
	open := r.subsystem
	switch {
	case !r.sftp:
		return nil, nil, errors.New("the host has no sftp")
	case r.host.Become != nil:
		open = r.serverAs
	}
	f, err := open(ctx)
	if err != nil {
		return nil, nil, err
	}
	return f, func() { _ = f.close() }, nil
}

// subsystem starts sftp as the login user. ctx bounds the start; the session lives
// until it is closed, so that there is something to clean up with.
func (r *Remote) subsystem(ctx context.Context) (*sftpSystem, error) {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, end)
	stream, err := r.host.Transport.Open(life, r.host.Target, "sftp")
	if err != nil {
		stop()
		end()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, err
	}
	stop()
	s, err := startSession(ctx, r.host.Target.Label(), stream)
	if err != nil {
		end()
		return nil, err
	}
	s.ended = func() error { end(); return nil }
	return &sftpSystem{session: s}, nil
}

// serverAs runs the host's sftp server as the user whose rights count.
func (r *Remote) serverAs(ctx context.Context) (*sftpSystem, error) {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, end)
	defer stop()
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	said := &bounded{max: stderrMax}
	ended := make(chan struct{})
	go func() { // ends with the server, whose input ends with the session; waited for by session.close
		st, err := r.host.Transport.Run(life, r.host.Target, &transport.Command{
			Script: `exec "$1"`, Args: []string{r.facts.server},
			Stdin: in, Stdout: out, Stderr: said, Become: r.host.Become,
		})
		if err == nil {
			err = fmt.Errorf("%s ended with status %d: %s", r.facts.server, st.Code, strings.TrimSpace(said.String()))
		}
		_ = out.CloseWithError(err)
		_ = in.CloseWithError(err)
		close(ended)
	}()
	s, err := startSession(ctx, r.host.Target.Label(), &pipes{fromServer, toServer, end})
	if err != nil {
		end()
		<-ended
		return nil, err
	}
	s.ended = func() error {
		<-ended // it may take the grace of a command that is stopped
		end()
		return nil
	}
	return &sftpSystem{session: s}, nil
}

// pipes are the two ways of a server that is a command.
type pipes struct {
	io.Reader
	io.WriteCloser
	stop func()
}

// Close ends the server's input, which ends it, or else it is stopped. Its output
// ends with it.
func (p *pipes) Close() error {
	time.AfterFunc(unsentWait, p.stop)
	return p.WriteCloser.Close()
}

// bounded keeps the beginning of what is written to it.
type bounded struct {
	bytes.Buffer
	max int
}

func (b *bounded) Write(p []byte) (int, error) {
	if room := b.max - b.Len(); room > 0 {
		_, _ = b.Buffer.Write(p[:min(room, len(p))]) // a Buffer does not fail
	}
	return len(p), nil
}
