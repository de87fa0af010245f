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

	"fleet/internal/childproc"
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
	text, err := r.run(ctx, e)
	return withoutLineEnd(text), err
}

// A failure is a command that did not do its part.
type failure struct {
	program string
	why     error
	said    []string // the lines of the end of its stderr
}

// Error has the last lines of what the command said, on one line.
func (f *failure) Error() string {
	const most, longest = 3, 200
	text := fmt.Sprintf("%q: %v", f.program, f.why)
	for i, line := range f.said[max(0, len(f.said)-most):] {
		text += [...]string{": ", "; "}[min(i, 1)]
		if len(line) > longest {
			line = strings.TrimRightFunc(line[:longest], func(r rune) bool { return r == utf8.RuneError }) + "..."
		}
		text += line
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

func (e Exec) run(ctx context.Context) (string, error) {
	out, err := childproc.Run(ctx, &childproc.Command{
		Args:      e.Command,
		Dir:       e.Dir,
		Timeout:   cmp.Or(e.Timeout, DefaultTimeout),
		MaxOutput: textMax + len("\r\n"),
		Terminal:  true,
	})
	switch {
	case err == nil:
		return string(out.Stdout), nil
	case errors.Is(err, exec.ErrNotFound):
		err = errors.New("there is no such program in PATH")
		return "", &failure{program: e.Command[0], why: err}
	case childproc.Interrupted(err):
		return "", &failure{program: e.Command[0], why: term.ErrInterrupted}
	case errors.Is(err, childproc.ErrTooMuch):
		// What it printed later is not known, and cannot be hidden.
		return "", &failure{program: e.Command[0], why: errTooLarge}
	}
	return "", &failure{program: e.Command[0], why: err, said: linesOf(&out)}
}

// linesOf is what a command said last, without what it printed, in which the
// secret may be: neither as a whole nor any line of it.
func linesOf(out *childproc.Output) []string {
	said := string(out.Stderr)
	if out.Cut { // what is left of the first line may be the rest of a secret
		if _, rest, ok := strings.Cut(said, "\n"); ok {
			said = rest
		} else {
			said = said[min(len(said), len(out.Stdout)):]
		}
	}
	printed := strings.TrimSpace(string(out.Stdout))
	hidden := redact.New(printed)
	for line := range strings.Lines(printed) {
		hidden.Add(strings.TrimSpace(line))
	}
	var lines []string
	for line := range strings.Lines(hidden.String(said)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, term.Clean(line))
		}
	}
	return lines
}
