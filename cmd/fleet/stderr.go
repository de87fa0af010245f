package main

import (
	"io"
	"os"
	"sync/atomic"

	"fleet/event"
)

// A sideChannel is standard error during a run. Where nobody takes what is
// written to it, as with a full disk or a reader that is gone, the run goes on:
// what hosts do matters more than what is told about it.
type sideChannel struct {
	w      io.Writer
	failed atomic.Bool // a write failed
	used   atomic.Bool // a host had something for it
}

// Write implements io.Writer; it never fails.
func (s *sideChannel) Write(p []byte) (int, error) {
	if _, err := s.w.Write(p); err != nil {
		s.failed.Store(true)
	}
	return len(p), nil
}

// Emit implements event.Sink: it notes whether hosts write to standard error.
func (s *sideChannel) Emit(e *event.Event) {
	if e.Type == event.Output && e.Stream == event.Stderr {
		s.used.Store(true)
	}
}

// lost reports whether output of hosts may be missing.
func (s *sideChannel) lost() bool { return s.failed.Load() && s.used.Load() }

// oneOutput reports whether standard output and standard error are the same file
// or pipe (2>&1): what happens to one happens to both.
func oneOutput(stdout, stderr io.Writer) bool {
	a, isFile := stdout.(*os.File)
	b, alsoFile := stderr.(*os.File)
	if !isFile || !alsoFile {
		return false
	}
	x, errX := a.Stat()
	y, errY := b.Stat()
	return errX == nil && errY == nil && os.SameFile(x, y)
}
