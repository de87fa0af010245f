package journal

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"fleet/event"
	"fleet/internal/filename"
)

// A Run is one that was recorded, as it stood when it was asked for.
type Run struct {
	Meta
	Status  Status
	Summary *event.Summary // nil where the run has not ended properly
	// Ended is when it ended, or was last heard of; zero while it runs.
	Ended time.Time

	store  *Store
	folder string
}

// run reads what the run of that ID is, and how it stands.
func (s *Store) run(id string) (*Run, error) {
	if _, _, ok := parseID(id); !ok {
		return nil, fmt.Errorf("%q is not the ID of a run", id)
	}
	r := &Run{store: s, folder: filepath.Join(s.dir, id)}
	if info, err := os.Lstat(r.folder); err != nil || !info.IsDir() { // a link is none
		return nil, failed("open", r.folder, cmp.Or(err, fs.ErrNotExist))
	}
	m, err := readMeta(r.folder)
	if err != nil {
		return nil, err
	}
	r.Meta = *m
	// In this order: one that ends meanwhile is running, and not dead.
	running, err := r.running()
	if err != nil {
		return nil, err
	}
	if err := r.ending(); err != nil {
		return nil, err
	}
	switch {
	case running:
		r.Status, r.Ended = Running, time.Time{}
	case r.Summary == nil:
		r.Status = Died
	default:
		r.Status = status(r.Summary)
	}
	return r, nil
}

// Folder is where the run is recorded.
func (r *Run) Folder() string { return r.folder }

// Events calls fn with every event that was recorded, in order, until fn fails.
// A last line without an end, as a crash leaves it, did not happen.
func (r *Run) Events(fn func(*event.Event) error) error {
	path := filepath.Join(r.folder, eventsFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return failed("open", path, err)
	}
	defer f.Close()
	lines := bufio.NewReaderSize(f, 64<<10)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return failed("read", path, err)
		}
		e, err := event.ParseJSON(line)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
		if err := fn(e); err != nil {
			return err
		}
	}
}

// Log is what was printed on a host, step by step. It is as the host sent it: a
// terminal must not get it unfiltered. A host without a log is fs.ErrNotExist.
func (r *Run) Log(host string) (io.ReadCloser, error) {
	if r.Kind == KindApply {
		path := filepath.Join(r.folder, logsDir, filename.Of(host, logExt))
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, r.noLog(host)
		}
		if err != nil {
			return nil, failed("open", path, err)
		}
		return f, nil
	}
	var t transcript
	err := r.Events(func(e *event.Event) error {
		if e.Host == host {
			t.add(e)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(t.text) == 0 {
		return nil, r.noLog(host)
	}
	return io.NopCloser(bytes.NewReader(t.text)), nil
}

func (r *Run) noLog(host string) error {
	return &noLogError{fmt.Sprintf("run %q has no log of host %q", r.ID, host)}
}

// A noLogError is fs.ErrNotExist, but not in its words: no file was to be there.
type noLogError struct{ text string }

func (e *noLogError) Error() string        { return e.text }
func (e *noLogError) Is(target error) bool { return target == fs.ErrNotExist }

// Failed is the hosts that did not succeed, in the order of the run: those that
// failed, timed out, were stopped or unreachable, or whose end is unknown, also
// because fleet died. Hosts that had no turn are not among them.
func (r *Run) Failed() ([]string, error) {
	var order []string
	bad := make(map[string]bool)
	err := r.Events(func(e *event.Event) error {
		switch e.Type {
		case event.RunStart:
			order = e.Hosts
		case event.HostStart:
			bad[e.Host] = r.Status == Died
		case event.HostEnd:
			bad[e.Host] = e.Outcome != event.OK && e.Outcome != event.NotAttempted
		}
		return nil
	})
	var hosts []string
	for _, h := range order {
		if bad[h] {
			hosts = append(hosts, h)
		}
	}
	return hosts, err
}

// Stop asks the process of the run to stop, as Ctrl-C does, and returns before
// it has.
func (r *Run) Stop() error {
	if here, err := os.Hostname(); err == nil && r.Machine != "" && here != r.Machine {
		return fmt.Errorf("run %q is a process of machine %q, and this is %q", r.ID, r.Machine, here)
	}
	if r.PID <= 1 {
		return fmt.Errorf("run %q has no process", r.ID)
	}
	// In this order: where the system can, p stays that process, and as long
	// as the lock was held after that, it was the run's.
	p, err := os.FindProcess(r.PID)
	if err != nil {
		return fmt.Errorf("stop run %q: %w", r.ID, err)
	}
	defer func() { _ = p.Release() }()
	running, err := r.running()
	if err != nil {
		return err
	}
	if !running {
		return fmt.Errorf("run %q is not running", r.ID)
	}
	if err := interrupt(p); err != nil {
		return fmt.Errorf("stop run %q: %w", r.ID, err)
	}
	return nil
}
