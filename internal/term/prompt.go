package term

import (
	"context"
	"errors"
	"fmt"
)

// ErrNoTerminal says that a question could not be asked because the process has
// no terminal.
var ErrNoTerminal = errors.New("no terminal to ask on")

// ErrInterrupted says that a signal, such as Ctrl-C, ended a question.
var ErrInterrupted = errors.New("interrupted at a prompt")

// maxAnswer bounds an answer, in bytes.
const maxAnswer = 4096

// Ask asks for a line on the terminal device, whatever standard input and
// output are, and returns it without its end. It returns early when ctx ends
// or on an interrupt, and leaves the terminal as it was.
func Ask(ctx context.Context, prompt string) (string, error) {
	b, err := ask(ctx, prompt, true)
	return string(b), err
}

// AskSecret is Ask for a password: what is typed is not shown. The answer is
// the caller's to wipe.
func AskSecret(ctx context.Context, prompt string) ([]byte, error) {
	return ask(ctx, prompt, false)
}

// CanAsk reports whether there is a terminal to ask on.
func CanAsk() bool {
	tty, err := openDevice()
	if err != nil {
		return false
	}
	tty.Close()
	return true
}

func ask(ctx context.Context, prompt string, echo bool) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	tty, err := openDevice()
	if err != nil {
		return nil, fmt.Errorf("ask %q: %w", Clean(prompt), err)
	}
	defer tty.Close()
	return tty.ask(ctx, Clean(prompt), echo)
}
