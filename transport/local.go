package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
)

// Local is a Transport to this machine: commands run by /bin/sh, without a
// network. The target's Name only labels errors. The zero value is ready.
type Local struct{}

var _ Transport = Local{}

// Run implements Transport. Become and TTY are refused.
func (Local) Run(ctx context.Context, t Target, c *Command) (Status, error) {
	refused := func(why string) (Status, error) {
		return Status{}, &Error{Op: "run", Host: t.Label(), Kind: KindRefused, Err: errors.New(why), Stopped: true}
	}
	switch {
	case c.Become != nil:
		return refused("becoming another user is not possible for a local command")
	case c.TTY != nil:
		return refused("a terminal is not possible for a local command")
	case ctx.Err() != nil:
		return Status{}, localError(ctx, t, false, true)
	}
	internal := func(err error) error {
		return &Error{Op: "run", Host: t.Label(), Kind: KindInternal, Err: err, Stopped: true}
	}
	script, args, file := c.Script, c.Args, ""
	if len(c.Interpreter) > 0 {
		var err error
		if file, err = writeScript(script); err != nil {
			return Status{}, internal(err)
		}
		defer func() { _ = os.Remove(file) }() // also where its shell was killed
		script = interpreted(c.Interpreter, file)
	}
	if c.Private {
		script, args = "set -- "+quoteAll(args)+"; "+script, nil
	}
	inline := script
	if len(script) <= inlineMax && !c.Private {
		script = ""
	} else {
		inline = readScript
	}
	cmd := exec.Command("/bin/sh", append([]string{"-c", inline, "sh"}, args...)...)
	cmd.Env = append(append(os.Environ(), t.Env...), c.Env...)
	cmd.Dir = c.Dir
	ownGroup(cmd)
	guard, err := startWatchdog(c.GraceOrDefault(), file)
	if err != nil {
		return Status{}, internal(err)
	}
	defer guard.stop()
	p, err := startLocal(cmd, c, script)
	if err != nil {
		return Status{}, internal(err)
	}
	guard.watch(cmd.Process)
	if c.Started != nil {
		c.Started()
	}
	return p.wait(ctx, t, c)
}

// A localRun is a process and the copying of its streams.
type localRun struct {
	cmd     *exec.Cmd
	workers sync.WaitGroup
	output  []io.Closer // the pipes that workers read
	mu      sync.Mutex
	failed  error // the first Writer's error; guarded by mu
	broken  chan struct{}
}

// inlineMax bounds a script that is passed as an argument: Linux takes 128 KiB.
// A longer one is read from a pipe, and so is one that is not for the list of
// processes; the dot keeps its trailing newlines.
const (
	inlineMax  = 64 << 10
	readScript = `c=$(cat <&3; echo .); exec 3<&-; eval "unset c; ${c%.}"`
)

// startLocal starts cmd. script is what it reads from its pipe; empty where it has
// none.
func startLocal(cmd *exec.Cmd, c *Command, script string) (*localRun, error) {
	p := &localRun{cmd: cmd, broken: make(chan struct{})}
	if script != "" {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		defer func() { _ = r.Close() }()
		cmd.ExtraFiles = []*os.File{r}
		p.workers.Go(func() { // ends when the shell has read all, or is gone
			_, _ = io.WriteString(w, script)
			_ = w.Close()
		})
	}
	var stdin io.WriteCloser
	var err error
	if c.Stdin != nil {
		if stdin, err = cmd.StdinPipe(); err != nil {
			return nil, err
		}
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p.output = []io.Closer{stdout, stderr}
	p.workers.Go(func() { p.copy(c.Stdout, stdout) })
	p.workers.Go(func() { p.copy(c.Stderr, stderr) })
	if stdin != nil {
		go func() { // ends with the input; a Reader that is an io.Closer is closed by wait
			_, _ = io.Copy(stdin, c.Stdin)
			_ = stdin.Close()
		}()
	}
	return p, nil
}

// copy moves output; after a failed Write the rest is dropped.
func (p *localRun) copy(w io.Writer, r io.Reader) {
	if w == nil {
		w = io.Discard
	}
	if _, err := io.Copy(writerOnly{w}, r); err != nil {
		p.mu.Lock()
		if p.failed == nil {
			p.failed = err
			close(p.broken)
		}
		p.mu.Unlock()
		_, _ = io.Copy(io.Discard, r)
	}
}

// writerOnly hides ReadFrom, so that output arrives as it comes.
type writerOnly struct{ io.Writer }

// wait returns when the command has ended, by itself or because it was stopped.
func (p *localRun) wait(ctx context.Context, t Target, c *Command) (Status, error) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.workers.Wait()
		_ = p.cmd.Wait() // its error is the status, read below
	}()
	if closer, ok := c.Stdin.(io.Closer); ok {
		defer func() { _ = closer.Close() }()
	}
	select {
	case <-ended:
	case <-ctx.Done():
		gone := p.stop(c, ended)
		return Status{}, localError(ctx, t, true, gone)
	case <-p.broken:
		gone := p.stop(c, ended)
		return Status{}, &Error{Op: "run", Host: t.Label(), Kind: KindInternal, Err: p.failed, Sent: true, Stopped: gone}
	}
	if p.failed != nil {
		return Status{}, &Error{Op: "run", Host: t.Label(), Kind: KindInternal, Err: p.failed, Sent: true, Stopped: true}
	}
	return localStatus(p.cmd.ProcessState), nil
}

// stop ends the process group and waits for the copying. A process that left
// the group may hold the pipes open; they are closed then.
func (p *localRun) stop(c *Command, ended <-chan struct{}) bool {
	gone := endGroup(p.cmd, c.GraceOrDefault(), ended)
	if !gone {
		for _, pipe := range p.output {
			_ = pipe.Close()
		}
	}
	<-ended
	return gone
}

func localError(ctx context.Context, t Target, sent, gone bool) error {
	kind := KindCanceled
	if KindOf(context.Cause(ctx)) == KindTimeout {
		kind = KindTimeout
	}
	return &Error{Op: "run", Host: t.Label(), Kind: kind, Err: context.Cause(ctx), Sent: sent, Stopped: gone}
}

// Open implements Transport: there are no subsystems here.
func (Local) Open(_ context.Context, t Target, subsystem string) (io.ReadWriteCloser, error) {
	return nil, &Error{Op: "open", Host: t.Label(), Kind: KindRefused, Err: fmt.Errorf("no subsystem %q on the local machine", subsystem), Stopped: true}
}

// Dial implements Transport.
func (Local) Dial(ctx context.Context, t Target, network, addr string) (net.Conn, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, &Error{Op: "dial", Host: t.Label(), Kind: KindRefused, Err: err, Stopped: true}
	}
	return nc, nil
}

// Listen implements Transport.
func (Local) Listen(ctx context.Context, t Target, network, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, network, addr)
	if err != nil {
		return nil, &Error{Op: "listen", Host: t.Label(), Kind: KindRefused, Err: err, Stopped: true}
	}
	return ln, nil
}
