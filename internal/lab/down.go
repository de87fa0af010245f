package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"fleet/internal/sshd"
)

// An Info is what is known of a lab from its folder.
type Info struct {
	Dir     string    `json:"dir"`
	PID     int       `json:"pid"` // of the process that serves it, or did
	Running bool      `json:"running"`
	Started time.Time `json:"started"`
	Hosts   []Host    `json:"hosts"`
}

// Status tells about the lab in dir.
func Status(dir string) (*Info, error) {
	i, err := readInfo(dir)
	if err != nil {
		return nil, err
	}
	pid := 0
	f, err := os.Open(filepath.Join(dir, lockFile))
	if err == nil {
		defer f.Close()
		pid, err = holder(f)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return &Info{Dir: dir, PID: i.PID, Running: pid != 0, Started: i.Started, Hosts: i.Hosts}, nil
}

// downPatience is how long a lab may take to end by itself.
const downPatience = 20 * time.Second

// Down ends the lab in dir and removes its files; the folder too, where the
// lab made it and nothing else is in it. It cleans up as well after a lab whose
// process was killed. A lab that is served by something other than Serve is
// left alone.
func Down(ctx context.Context, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	i, err := readInfo(dir)
	if err != nil {
		return err
	}
	if err := i.end(ctx, dir); err != nil {
		return err
	}
	// A lab that ended in good order has removed everything.
	if _, err := os.Lstat(filepath.Join(dir, infoFile)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if i.Mark != "" {
		if err := sshd.Adopt(i.Mark).Kill(); err != nil {
			return err
		}
	}
	return errors.Join(unregister(i.Registry, dir), removeFiles(dir, i.Created))
}

// end ends the process that holds the lock, and nothing when none does.
func (i *info) end(ctx context.Context, dir string) error {
	f, err := os.Open(filepath.Join(dir, lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	ctx, cancel := context.WithTimeout(ctx, downPatience+5*time.Second)
	defer cancel()
	signal := terminate
	begun := time.Now()
	for {
		pid, err := holder(f)
		switch {
		case err != nil || pid == 0:
			return err
		case pid != i.PID:
			return fmt.Errorf("the lock in %q is held by process %d, the lab was process %d: nothing was ended", dir, pid, i.PID)
		case !i.Background:
			return fmt.Errorf("the lab in %q belongs to process %d, which ends it when it is done", dir, pid)
		}
		if signal == nil && time.Since(begun) > downPatience {
			signal = kill
		}
		if signal != nil {
			if err := signal(pid); err != nil {
				return fmt.Errorf("end the lab: process %d: %w", pid, err)
			}
			signal = nil
		}
		t := time.NewTimer(5 * time.Millisecond)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return fmt.Errorf("the lab in %q (process %d) does not end: %w", dir, pid, ctx.Err())
		}
	}
}
