package journal

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"fleet/event"
)

// A Status is how things stand with a run.
type Status string

// The statuses.
const (
	Running      Status = "running"
	OK           Status = "ok"            // every host succeeded
	Failed       Status = "failed"        // a host failed, or was unreachable
	StoppedEarly Status = "stopped early" // by a limit, or because fleet could not go on
	Interrupted  Status = "interrupted"   // by the user
	Died         Status = "died"          // fleet was killed, or the machine went down
)

// status is that of a run with that summary.
func status(s *event.Summary) Status {
	switch s.Why {
	case event.Completed:
	case event.Interrupted, event.Terminated:
		return Interrupted
	default:
		return StoppedEarly
	}
	for o, n := range s.Counts {
		if n > 0 && o != event.OK {
			return Failed
		}
	}
	return OK
}

// running reports whether the process that records the run lives.
func (r *Run) running() (bool, error) {
	path := filepath.Join(r.folder, metaFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, failed("open", path, err)
	}
	defer f.Close()
	taken, err := locked(f)
	if err != nil {
		return false, failed("lock", path, err)
	}
	return taken, nil
}

// maxTail is how much of the end of the events is looked at for the end of the
// run, which is short, and of which only notes come after it.
const maxTail = 64 << 10

// ending finds out how the run has ended, if it has.
func (r *Run) ending() error {
	path := filepath.Join(r.folder, eventsFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		r.Ended = r.Started // it died at once
		return nil
	}
	if err != nil {
		return failed("open", path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return failed("read", path, err)
	}
	r.Ended = info.ModTime()
	from := max(0, info.Size()-maxTail)
	tail := make([]byte, info.Size()-from)
	if _, err := f.ReadAt(tail, from); err != nil && !errors.Is(err, io.EOF) {
		return failed("read", path, err)
	}
	for line := range bytes.Lines(tail) {
		if !bytes.HasPrefix(line, []byte(`{"event":"run_end"`)) || !bytes.HasSuffix(line, []byte("\n")) {
			continue
		}
		if e, err := event.ParseJSON(line); err == nil && e.Summary != nil {
			r.Summary, r.Ended = e.Summary, e.Time
		}
	}
	return nil
}
