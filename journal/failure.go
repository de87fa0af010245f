package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
)

// A failure is the first thing that could not be written. From then on nothing
// is, as a line behind a gap would tell a story that did not happen.
type failure struct {
	onError func(error)
	once    sync.Once
	begun   atomic.Bool
	told    chan struct{} // closed when onError has returned
	err     error         // set before begun
}

func newFailure(onError func(error)) *failure {
	return &failure{onError: onError, told: make(chan struct{})}
}

// set tells the caller of err, if it is the first.
func (f *failure) set(err error) {
	f.once.Do(func() {
		f.err = err
		f.begun.Store(true)
		if f.onError != nil {
			f.onError(err)
		}
		close(f.told)
	})
}

// failed is err, once with the operation and the file.
func failed(op, path string, err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return fmt.Errorf("%s %q: %w", op, path, err)
}
