package childproc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"time"
)

// ErrTooMuch is the error of a command that printed more than its MaxOutput.
var ErrTooMuch = errors.New("it printed too much")

// A Command is what to run, and its bounds.
type Command struct {
	// Args are the program and its arguments; no shell reads them.
	Args []string
	// Dir is the folder it runs in. A relative program is looked for there.
	// Default: the working folder.
	Dir string
	// Env is added to the environment of this process.
	Env map[string]string
	// Timeout ends the command. Default: there is none but that of the context.
	Timeout time.Duration
	// MaxOutput is how many bytes it may print. Default: 1 MiB.
	MaxOutput int
	// Terminal says that it may ask something on the terminal.
	Terminal bool
}

// An Output is what a command printed.
type Output struct {
	// Stdout has at most MaxOutput bytes.
	Stdout []byte
	// Stderr is the end of what it said, 4 KiB at most.
	Stderr []byte
	// Cut says that Stderr had a beginning, which was not kept.
	Cut bool
}

// closeWait is how long something that a command has left behind may keep its
// outputs open.
const closeWait = time.Second

// Run runs a command to its end. The output is good with an error, too: it is
// what was printed before. The error is ErrTooMuch, the cause of ctx, one that
// says that the time is over, or that of package os/exec.
func Run(ctx context.Context, c *Command) (Output, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.Timeout, fmt.Errorf("it took longer than %v", c.Timeout))
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Dir = c.Dir
	cmd.Env = os.Environ()
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		cmd.Env = append(cmd.Env, name+"="+c.Env[name])
	}
	cmd.WaitDelay = closeWait
	stdout := &head{most: cmp.Or(c.MaxOutput, 1<<20), full: func() { stop(ErrTooMuch) }}
	stderr := &tail{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	finish := ownGroup(cmd, c.Terminal)
	err := cmd.Run()
	finish()
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case errors.Is(err, exec.ErrWaitDelay):
		err = nil // of the command itself there is nothing to say
	}
	return Output{Stdout: stdout.kept, Stderr: stderr.kept, Cut: stderr.cut}, err
}
