package lab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// An order is what Start tells Serve, on its standard input.
type order struct {
	Options Options `json:"options"`
	Created bool    `json:"created"`
}

// What Serve answers, on its standard output: one line.
const (
	ready  = "ready"
	failed = "failed: "
)

// startPatience bounds Start; the largest lab takes a few seconds.
const startPatience = 30 * time.Second

// Start serves a lab in a process of its own, detached from this one, and
// returns its folder when all hosts answer. command is that process: a program
// and its arguments that call Serve with their standard input and output.
func Start(ctx context.Context, command []string, o Options) (dir string, err error) {
	created, err := makeDir(&o)
	if err != nil {
		return "", err
	}
	// Whoever makes the log has the folder.
	log, err := os.OpenFile(filepath.Join(o.Dir, logFile), os.O_CREATE|os.O_EXCL|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer log.Close()
	ctx, cancel := context.WithTimeoutCause(ctx, startPatience, fmt.Errorf("the lab did not come up within %v", startPatience))
	defer cancel()
	if err := launch(ctx, command, order{o, created}, log); err != nil {
		return "", errors.Join(err, removeFiles(o.Dir, created))
	}
	return o.Dir, nil
}

// launch starts the process and waits for its answer.
func launch(ctx context.Context, command []string, o order, log *os.File) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	answer, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	defer answer.Close()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = theirs, log
	detach(cmd)
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	_ = theirs.Close()
	if err != nil {
		return fmt.Errorf("start the lab: %w", err)
	}
	// A process that is gone already cannot take its order; its answer, or
	// its log, says why.
	_, _ = stdin.Write(text)
	_ = stdin.Close()
	stop := context.AfterFunc(ctx, func() { _ = answer.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	// Where the answer is cut short, what there is of it tells as much as the error.
	line, _ := bufio.NewReader(answer).ReadString('\n')
	line = strings.TrimSuffix(line, "\n")
	if line == ready {
		return cmd.Process.Release()
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	switch reason, told := strings.CutPrefix(line, failed); {
	case told:
		return errors.New(reason)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	default:
		return fmt.Errorf("the process of the lab ended at once (%v); it said:\n%s", cmd.ProcessState, tail(log))
	}
}

// tail is the end of the log, where the reason should be. The file may have
// been removed by now; the descriptor still reads it.
func tail(log *os.File) []byte {
	const most = 4096
	b, err := io.ReadAll(io.NewSectionReader(log, 0, 1<<20))
	if err != nil {
		return []byte(err.Error())
	}
	return bytes.TrimSpace(b[max(0, len(b)-most):])
}

// Serve is the other end of Start: it reads what lab to serve from stdin, says
// on stdout when all hosts answer, and serves until ctx ends, the process is
// told to (SIGTERM or SIGINT), or the folder is removed. Nothing of the lab is
// left when it returns nil.
func Serve(ctx context.Context, stdin io.Reader, stdout io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	var o order
	if err := json.NewDecoder(stdin).Decode(&o); err != nil {
		return fmt.Errorf("read what lab to serve (hint: fleet lab up does this): %w", err)
	}
	l, err := up(ctx, o.Options, o.Created, true)
	if err != nil {
		fmt.Fprintln(stdout, failed+strings.ReplaceAll(err.Error(), "\n", "; "))
		return err
	}
	fmt.Fprintln(stdout, ready)
	l.awaitEnd(ctx)
	return l.Close()
}

// lookEvery is how often a lab looks whether its folder still is there. Without
// it nobody could find the lab, to end it.
const lookEvery = time.Second

// awaitEnd waits for the end of ctx, or of the folder.
func (l *Lab) awaitEnd(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for l.hasFolder() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
	l.logger.Info("the folder of the lab was removed", "dir", l.Dir)
}
