package output

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"fleet/event"
)

// Files is a Sink that writes what each host prints, unchanged, to a file named
// after it: standard output below one folder, standard error below another. A
// host that was attempted and printed nothing gets an empty file, so that a
// file of an earlier run is never taken for its output.
type Files struct {
	out, err *folder // nil where not asked for
	onError  func(error)
	failed   atomic.Bool // for all hosts

	mu    sync.Mutex
	first error
}

// A FileError says that a file of --outdir or --errdir could not be written.
type FileError struct {
	Op   string // "open", "write" or "close"
	Path string // as the user would write it
	// OneHost is set where something lies in the file's place that cannot be
	// written: other hosts' files are. Else no more files are written.
	OneHost bool
	Err     error
}

func (e *FileError) Error() string { return fmt.Sprintf("%s %q: %v", e.Op, e.Path, e.Err) }

func (e *FileError) Unwrap() error { return e.Err }

// NewFiles returns a Files that writes below outdir and errdir; an empty name
// leaves that stream out, and the same name twice puts both streams into one
// file. Folders are made with mode 0755 and files with 0644, less the umask.
// OnError is told of a [*FileError]: once for each host whose file something
// else is in the place of, and once of any other failure; after that one nothing
// more is written, and what was written stays.
func NewFiles(outdir, errdir string, onError func(error)) (*Files, error) {
	f := &Files{onError: onError}
	var err error
	if outdir != "" {
		if f.out, err = openFolder(outdir); err != nil {
			return nil, err
		}
	}
	switch {
	case errdir == "":
	case outdir != "" && sameFolder(outdir, errdir):
		f.err = f.out
	default:
		if f.err, err = openFolder(errdir); err != nil {
			if f.out != nil {
				err = errors.Join(err, f.out.close())
			}
			return nil, err
		}
	}
	return f, nil
}

func sameFolder(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// Emit is part of event.Sink.
func (f *Files) Emit(e *event.Event) {
	if f.failed.Load() {
		return
	}
	switch e.Type {
	case event.Output:
		to := f.out
		if e.Stream == event.Stderr {
			to = f.err
		}
		if to != nil {
			f.check(to.write(e.Host, e.Data))
		}
	case event.HostEnd:
		if e.Outcome == event.NotAttempted {
			return
		}
		for _, to := range f.folders() {
			f.check(to.finish(e.Host))
		}
	}
}

func (f *Files) folders() []*folder {
	var all []*folder
	if f.out != nil {
		all = append(all, f.out)
	}
	if f.err != nil && f.err != f.out {
		all = append(all, f.err)
	}
	return all
}

func (f *Files) check(err error) {
	if err == nil {
		return
	}
	f.mu.Lock()
	if f.first == nil {
		f.first = err
	}
	f.mu.Unlock()
	one, ok := errors.AsType[*FileError](err)
	if told := (!ok || !one.OneHost) && f.failed.Swap(true); !told && f.onError != nil {
		f.onError(err)
	}
}

// Close closes all files and returns the first failure.
func (f *Files) Close() error {
	for _, to := range f.folders() {
		f.check(to.close())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.first
}

// openFolder makes dir if needed.
func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make output folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open output folder: %w", err)
	}
	return &folder{dir: dir, root: root, files: make(map[string]*hostFile)}, nil
}
