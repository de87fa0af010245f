package journal

import (
	"bytes"
	"os"
	"sync"
)

// A disk is a file of events in memory, which fails when it is told to.
type disk struct {
	mu     sync.Mutex
	data   []byte
	synced int // bytes that would survive a loss of power
	syncs  int
	fail   func(op string) error // nil does not
	closed bool
}

func (d *disk) open(*os.Root, string) (file, error) { return d, nil }

func (d *disk) failure(op string) error {
	if d.fail == nil {
		return nil
	}
	return d.fail(op)
}

func (d *disk) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.failure("write"); err != nil {
		return 0, err
	}
	d.data = append(d.data, p...)
	return len(p), nil
}

func (d *disk) Sync() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.failure("sync"); err != nil {
		return err
	}
	d.synced = len(d.data)
	d.syncs++
	return nil
}

func (d *disk) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	return d.failure("close")
}

// survives reports whether text is where a loss of power does not reach it.
func (d *disk) survives(text string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return bytes.Contains(d.data[:d.synced], []byte(text))
}

// text is what is in the file, on disk or not.
func (d *disk) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return string(d.data)
}
