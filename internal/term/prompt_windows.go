package term

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// A device is the console of the process.
type device struct{ in, out *os.File }

func openDevice() (*device, error) {
	in, err := os.OpenFile("CONIN$", os.O_RDWR, 0)
	if err != nil {
		return nil, ErrNoTerminal
	}
	out, err := os.OpenFile("CONOUT$", os.O_RDWR, 0)
	if err != nil {
		in.Close()
		return nil, ErrNoTerminal
	}
	return &device{in, out}, nil
}

func (d *device) Close() error { return errors.Join(d.in.Close(), d.out.Close()) }

// ask asks, with echo on or off. The console has no way to end a read, so ctx
// is looked at before and after.
func (d *device) ask(ctx context.Context, prompt string, echo bool) ([]byte, error) {
	if _, err := io.WriteString(d.out, prompt); err != nil {
		return nil, fmt.Errorf("ask %q: %w", prompt, err)
	}
	line, err := d.read(echo)
	if err != nil {
		return nil, fmt.Errorf("ask %q: %w", prompt, err)
	}
	return line, context.Cause(ctx)
}

func (d *device) read(echo bool) ([]byte, error) {
	if !echo {
		line, err := term.ReadPassword(int(d.in.Fd()))
		_, _ = io.WriteString(d.out, "\n")
		return line, err
	}
	buf := make([]byte, maxAnswer)
	n, err := d.in.Read(buf)
	return []byte(strings.TrimRight(string(buf[:n]), "\r\n")), err
}
