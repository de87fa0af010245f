package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// What goes on without the terminal is a process of its own from the start. Who
// wants that runs the same command line once more, as a child that has the same
// terminal, and waits. The child reads, checks, asks and prints as ever; when
// nothing is left that needs somebody, and before anything is sent to a host, it
// takes its leave of the terminal and says so. Then the parent ends, with the
// status that it was told. A child that ends before has said why: its status is
// that of the parent.

// detachVariable tells the child the number of the descriptor on which its parent
// listens.
const detachVariable = "FLEET_DETACH_FD"

// detachFD is that number: the first one after the standard ones.
const detachFD = 3

// A handover is what a child has of its parent.
type handover struct {
	parent *os.File
	gone   atomic.Bool // the terminal is left
	left   func()      // called then; may be nil
}

// detached reports whether nobody is there any more to see or answer something.
func (h *handover) detached() bool { return h != nil && h.gone.Load() }

// apart carries out work in a process that goes on without this one, where wanted
// says so; what must be known for that, work does by a.handover.
func (a *app) apart(ctx context.Context, wanted bool, work func() error) error {
	if wanted && a.handover == nil {
		a.handover = inherited(&a.env)
	}
	if !wanted || a.handover != nil {
		return work()
	}
	return a.handOff(ctx)
}

// inherited is the handover of a process that was started for that; nil for others.
func inherited(e *env) *handover {
	n, err := strconv.Atoi(e.value(detachVariable))
	if err != nil || n != detachFD {
		return nil
	}
	_ = os.Unsetenv(detachVariable) // it is not for what is started from here
	f := os.NewFile(detachFD, "parent")
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return nil
	}
	syscall.CloseOnExec(detachFD)
	return &handover{parent: f}
}

// leave is the child's leave of the terminal; status is that of the parent.
func (h *handover) leave(status int) error {
	if err := leaveTerminal(); err != nil {
		return fmt.Errorf("the terminal cannot be left: %w", err)
	}
	h.gone.Store(true)
	if h.left != nil {
		h.left()
	}
	_, err := fmt.Fprintln(h.parent, status)
	if err = errors.Join(err, h.parent.Close()); err != nil {
		return errors.New("the process that was to be told is gone")
	}
	return nil
}

// handOff is the parent: it starts the child and waits until that needs it no more.
func (a *app) handOff(ctx context.Context) error {
	if err := canDetach(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	listen, tell, err := os.Pipe()
	if err != nil {
		return err
	}
	defer listen.Close()
	child := exec.Command(self, os.Args[1:]...)
	child.Args[0] = os.Args[0]
	child.Env = append(os.Environ(), detachVariable+"="+strconv.Itoa(detachFD))
	child.Stdin, child.Stdout, child.Stderr = a.env.stdin, a.env.stdout, a.env.stderr
	child.ExtraFiles = []*os.File{tell} // which is detachFD
	err = child.Start()
	tell.Close()
	if err != nil {
		return fmt.Errorf("start a process for the background: %w", err)
	}
	defer passSignals(ctx, child.Process)()
	said, _ := io.ReadAll(io.LimitReader(listen, 16)) // to its end, which is that of the child where it says nothing
	if n := len(said); n > 0 && said[n-1] == '\n' {
		status, err := strconv.Atoi(string(said[:n-1]))
		if err == nil {
			return exit(status)
		}
	}
	err = child.Wait()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		return err
	}
	return exit(shellStatus(child.ProcessState))
}

// passSignals passes signals on to child, until finish. Those of the terminal come to
// it by themselves: what is passed on later than that is the same one again.
func passSignals(ctx context.Context, child *os.Process) (finish func()) {
	signals := make(chan os.Signal, 4)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	ctx, stop := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() { // ends with finish
		defer close(over)
		for {
			select {
			case <-ctx.Done():
				return
			case s := <-signals:
				select {
				case <-ctx.Done():
					return
				case <-time.After(echo / 2):
					_ = child.Signal(s)
				}
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		stop()
		<-over
	}
}
