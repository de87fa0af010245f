package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Options say how a run is recorded. The zero value is good.
type Options struct {
	// MaxRuns is how many runs of each kind are kept, and MaxAge for how long.
	// Default 200 and 90 days. Runs are removed a tenth of MaxRuns at a time,
	// so there may be a few more.
	MaxRuns int
	MaxAge  time.Duration
	// OnlyCopy says that what hosts print goes nowhere else: of a run of one
	// command, 64 MiB of each host and 1 GiB in all are recorded then, and not
	// 64 KiB and 16 MiB.
	OnlyCopy bool
	// OnError is told, once, that something cannot be recorded, which is a
	// reason to stop a run of tasks. It must not wait for the run, nor emit a
	// step_start.
	OnError func(error)
}

// The defaults of Options.
const (
	DefaultMaxRuns = 200
	DefaultMaxAge  = 90 * 24 * time.Hour
)

// create makes a file that was not there.
func create(run *os.Root, name string) (file, error) {
	return run.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
}

// Create begins to record a run, and removes old ones meanwhile.
func (s *Store) Create(m Meta, o Options) (*Writer, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("record the run: %w", failed("make", s.dir, err))
	}
	store, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, fmt.Errorf("record the run: %w", failed("open", s.dir, err))
	}
	w, err := s.create(store, m, o)
	if err != nil {
		_ = store.Close()
		return nil, fmt.Errorf("record the run: %w", err)
	}
	w.begin(func() {
		s.prune(store, &o, time.Now())
		_ = store.Close()
	})
	return w, nil
}

// create makes the folder of a run, and takes it away again where it cannot be
// completed.
func (s *Store) create(store *os.Root, m Meta, o Options) (_ *Writer, err error) {
	m.complete(time.Now())
	if _, _, ok := parseID(m.ID); !ok {
		return nil, fmt.Errorf("%q is not the ID of a run", m.ID)
	}
	folder := filepath.Join(s.dir, m.ID)
	if err := store.Mkdir(m.ID, 0o700); err != nil {
		return nil, failed("make", folder, err)
	}
	w := &Writer{meta: m, folder: folder, fail: newFailure(o.OnError), stop: make(chan struct{})}
	run, err := store.OpenRoot(m.ID)
	if err == nil {
		err = claim(store, &m)
	}
	if err == nil {
		err = s.fill(w, run, &o)
		if err == nil && m.Kind == KindApply {
			err = errors.Join(syncDir(run), syncDir(store))
		}
		err = errors.Join(err, run.Close())
	}
	if err != nil {
		w.abandon()
		_ = store.RemoveAll(m.ID)
		return nil, err
	}
	return w, nil
}

// claim makes m the only run that goes on with the one that it resumes: two at
// one time would do everything twice.
func claim(store *os.Root, m *Meta) error {
	if _, _, ok := parseID(m.Resumes); !ok {
		return nil
	}
	name := filepath.Join(m.Resumes, claimFile)
	f, err := store.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		by, _ := store.ReadFile(name)
		return fmt.Errorf("run %s goes on with run %s already; hint: fleet runs show %s", by, m.Resumes, by)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // State says that it is gone
	}
	if err != nil {
		return failed("make", name, err)
	}
	_, err = f.WriteString(m.ID)
	return errors.Join(err, f.Close())
}

// fill makes the files of a run.
func (s *Store) fill(w *Writer, run *os.Root, o *Options) error {
	path := func(name string) string { return filepath.Join(w.folder, name) }
	tasks := w.meta.Kind == KindApply
	var err error
	if w.lock, err = run.OpenFile(metaFile, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return failed("make", path(metaFile), err)
	}
	// The lock comes first: a run that says what it is, unlocked, has ended.
	if err := lock(w.lock); err != nil {
		return failed("lock", path(metaFile), err)
	}
	if err := writeMeta(w.lock, &w.meta, tasks); err != nil {
		return failed("write", path(metaFile), err)
	}
	events, err := s.open(run, eventsFile)
	if err != nil {
		return failed("make", path(eventsFile), err)
	}
	w.events = newAppender(events, path(eventsFile), !tasks, w.fail)
	if !tasks {
		w.quota = newQuota(o.OnlyCopy)
		return nil
	}
	if err := run.Mkdir(logsDir, 0o700); err != nil {
		return failed("make", path(logsDir), err)
	}
	root, err := run.OpenRoot(logsDir)
	if err != nil {
		return failed("open", path(logsDir), err)
	}
	w.logs = newLogs(root, path(logsDir), w.fail)
	return nil
}

// abandon closes what fill has opened.
func (w *Writer) abandon() {
	if w.events != nil {
		_ = w.events.file.Close()
	}
	if w.logs != nil {
		_ = w.logs.root.Close()
	}
	if w.lock != nil {
		_ = w.lock.Close()
	}
}

func writeMeta(f *os.File, m *Meta, durable bool) error {
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if _, err := f.Write(append(b, '\n')); err != nil || !durable {
		return err
	}
	return f.Sync()
}
