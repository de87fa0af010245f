//go:build unix

package term

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A device is the terminal of the process.
type device struct {
	*os.File
	conn syscall.RawConn
}

func openDevice() (*device, error) {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, ErrNoTerminal
	}
	return newDevice(f)
}

func newDevice(f *os.File) (*device, error) {
	// Not Fd: that would make reads impossible to interrupt.
	conn, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &device{f, conn}, nil
}

// ask asks, with echo on or off. Signals that would end the process, and those
// that stop and continue it, are taken care of while echo is off, so that the
// shell never gets a terminal that does not show what is typed.
func (d *device) ask(ctx context.Context, prompt string, echo bool) ([]byte, error) {
	old, err := d.state()
	if err != nil {
		return nil, fmt.Errorf("ask %q: %w", prompt, err)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGCONT)
	defer signal.Stop(signals)
	now := *old
	now.Lflag |= unix.ICANON | unix.ISIG
	now.Iflag |= unix.ICRNL
	if !echo {
		now.Lflag &^= unix.ECHO
	}
	// Flushing what was typed ahead keeps it out of a password.
	if err := d.set(&now, !echo); err != nil {
		return nil, fmt.Errorf("ask %q: %w", prompt, err)
	}
	answer, err := d.converse(ctx, prompt, signals, &now)
	if restore := d.set(old, false); err == nil {
		err = restore
	}
	if !echo || err != nil {
		_, _ = io.WriteString(d, "\n") // the one that was typed was not shown
	}
	if err != nil {
		return nil, fmt.Errorf("ask %q: %w", prompt, err)
	}
	return answer, nil
}

// converse prints the prompt and waits for an answer, a signal, or the end of
// ctx.
func (d *device) converse(ctx context.Context, prompt string, signals <-chan os.Signal, mode *unix.Termios) ([]byte, error) {
	if _, err := io.WriteString(d, prompt); err != nil {
		return nil, err
	}
	type answer struct {
		line []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := d.readLine()
		answers <- answer{line, err}
	}()
	var cause error
	for cause == nil {
		select {
		case a := <-answers:
			return a.line, a.err
		case <-ctx.Done():
			cause = context.Cause(ctx)
		case s := <-signals:
			if s != unix.SIGCONT {
				cause = ErrInterrupted
				continue
			}
			_ = d.set(mode, false) // meanwhile the shell had its own settings
			_, _ = io.WriteString(d, prompt)
		}
	}
	// A time in the past ends the read that is pending. Where terminals have
	// no deadlines (macOS) it stays until the next line or the end of the
	// process, whichever comes first, and its answer is dropped.
	if d.SetReadDeadline(time.Unix(1, 0)) == nil {
		<-answers
	}
	return nil, cause
}

// readLine reads up to a line's end, byte by byte, since what follows is not
// ours. The terminal's own line editing has done the rest.
func (d *device) readLine() ([]byte, error) {
	var line []byte
	var b [1]byte
	for {
		n, err := d.Read(b[:])
		switch {
		case n == 1 && b[0] == '\n':
			return line, nil
		case n == 1 && len(line) < maxAnswer:
			line = append(line, b[0])
		case n == 1:
			return nil, errors.New("the answer is too long")
		case errors.Is(err, io.EOF):
			return nil, errors.New("no answer was given")
		case err != nil:
			return nil, err
		}
	}
}

func (d *device) state() (state *unix.Termios, err error) {
	if ctl := d.conn.Control(func(fd uintptr) { state, err = unix.IoctlGetTermios(int(fd), getTermios) }); ctl != nil {
		return nil, ctl
	}
	return state, err
}

func (d *device) set(state *unix.Termios, flush bool) (err error) {
	request := uint(setTermios)
	if flush {
		request = setTermiosFlush
	}
	if ctl := d.conn.Control(func(fd uintptr) { err = unix.IoctlSetTermios(int(fd), request, state) }); ctl != nil {
		return ctl
	}
	return err
}
