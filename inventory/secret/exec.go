package secret

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
	"unicode/utf8"

	"fleet/internal/redact"
	"fleet/internal/term"
)

// DefaultTimeout is the time for a command where none is given.
const DefaultTimeout = 10 * time.Second

// Exec is a command that prints the secret.
type Exec struct {
	// Command is the program and its arguments; no shell is involved.
	Command []string
	// Dir is where it runs: the folder of the file that declares the secret.
	Dir string
	// Timeout ends it. Default: DefaultTimeout.
	Timeout time.Duration
}

// Check is part of Provider.
func (e Exec) Check() error {
	if len(e.Command) == 0 || e.Command[0] == "" {
		return errors.New("exec names no command")
	}
	for _, word := range e.Command {
		if strings.IndexByte(word, 0) >= 0 {
			return errors.New("the command holds a NUL byte")
		}
	}
	return checkTimeout(e.Timeout)
}

func checkTimeout(d time.Duration) error {
	if d < 0 {
		return errors.New("timeout is negative")
	}
	return nil
}

func (e Exec) reveal(ctx context.Context, r *Resolver) (string, error) {
	return r.run(ctx, e)
}

// A failure is a command that did not do its part.
type failure struct {
	program string
	why     error
	said    string // the end of its stderr, on one line
}

func (f *failure) Error() string {
	text := fmt.Sprintf("%q: %v", f.program, f.why)
	if f.said != "" {
		text += ": " + f.said
	}
	return text
}

func (f *failure) Unwrap() error { return f.why }

// run runs a command while nobody else may use the terminal, and returns what it
// printed.
func (r *Resolver) run(ctx context.Context, e Exec) (text string, err error) {
	err = r.alone(ctx, func() (err error) {
		text, err = e.run(ctx)
		return err
	})
	return text, err
}

// closeWait is how long a command that has ended may leave its outputs open, to
// something in the background.
const closeWait = time.Second

func (e Exec) run(ctx context.Context) (string, error) {
	limit := cmp.Or(e.Timeout, DefaultTimeout)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took longer than %v", limit))
	defer cancel()

	cmd := exec.CommandContext(ctx, e.Command[0], e.Command[1:]...)
	cmd.Dir = e.Dir
	cmd.WaitDelay = closeWait
	stdout := &head{most: textMax + len("\r\n"), full: func() { stop(errTooLarge) }}
	stderr := &tail{most: 4 << 10}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	finish := ownGroup(cmd)
	err := cmd.Run()
	finish()
	text := withoutLineEnd(string(stdout.kept))
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	} else if errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success() {
		err = nil
	}
	switch {
	case err == nil:
		return text, nil
	case errors.Is(err, exec.ErrNotFound):
		return "", &failure{program: e.Command[0], why: errors.New("there is no such program in PATH")}
	case interrupted(err):
		return "", &failure{program: e.Command[0], why: term.ErrInterrupted}
	default:
		return "", &failure{program: e.Command[0], why: err, said: stderr.lastLines(text)}
	}
}

// A head keeps the beginning of what is written, and says when there is more.
type head struct {
	kept []byte // not a bytes.Buffer, which takes all there is by ReadFrom
	most int
	full func()
}

// Write implements io.Writer.
func (h *head) Write(p []byte) (int, error) {
	if len(h.kept)+len(p) > h.most {
		h.full()
		return 0, errTooLarge
	}
	h.kept = append(h.kept, p...)
	return len(p), nil
}

// A tail keeps the end of what is written.
type tail struct {
	kept []byte
	most int
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - t.most; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}

// lastLines is the end of it for an error message, without the secret, in which
// it may be.
func (t *tail) lastLines(secret string) string {
	const most, longest = 3, 200
	var lines []string
	for line := range strings.Lines(redact.New(secret).String(string(t.kept))) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if len(line) > longest {
			line = strings.TrimRightFunc(line[:longest], func(r rune) bool { return r == utf8.RuneError }) + "..."
		}
		lines = append(lines, term.Clean(line))
	}
	return strings.Join(lines[max(0, len(lines)-most):], "; ")
}
