package journal

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"fleet/event"
	"fleet/internal/filename"
)

const (
	// maxLog is how much output the log of one host holds, in bytes.
	maxLog = 64 << 20
	// maxText is how much of a log gathers before it is written, in bytes.
	maxText = 16 << 10
	// maxLogsOpen bounds the logs that are open at one time: connections need
	// descriptors more.
	maxLogsOpen = 32
)

// logs are the logs of the hosts of a run. A log is opened when there is
// something to write, and closed again: a thousand hosts need no more
// descriptors than ten.
type logs struct {
	root  *os.Root
	dir   string // as the user would write it
	limit int64  // of the output in one log
	fail  *failure
	open  chan struct{} // holds one for each open file

	mu    sync.Mutex
	hosts map[string]*hostLog
}

// A hostLog is the log of one host.
type hostLog struct {
	name string // of the file

	// mu is the right to use the log, and is held while it is written: only
	// the same host waits for it. It is never held together with logs.mu.
	mu   sync.Mutex
	text transcript
}

func newLogs(root *os.Root, dir string, fail *failure) *logs {
	return &logs{
		root: root, dir: dir, limit: maxLog, fail: fail,
		open: make(chan struct{}, maxLogsOpen), hosts: make(map[string]*hostLog),
	}
}

// emit adds what e says of its host. It is in the file at once where something
// went wrong or the host has ended, and else soon.
func (l *logs) emit(e *event.Event) {
	if e.Host == "" {
		return
	}
	switch e.Type {
	case event.StepStart, event.Output, event.StepRetry, event.StepEnd, event.HostEnd, event.Note:
	default:
		return
	}
	h := l.host(e.Host)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.text.add(e)
	urgent := e.Type == event.HostEnd || e.Type == event.StepEnd && e.Outcome != event.OK && e.Outcome != event.Skipped
	if urgent || len(h.text.text) >= maxText {
		l.write(h)
	}
}

func (l *logs) host(name string) *hostLog {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.hosts[name]
	if h == nil {
		h = &hostLog{name: filename.Of(name, logExt), text: transcript{limit: l.limit}}
		l.hosts[name] = h
	}
	return h
}

// write appends what there is to the file of h, whose lock is held.
func (l *logs) write(h *hostLog) {
	text := h.text.text
	if len(text) == 0 || l.fail.begun.Load() {
		return
	}
	h.text.text = nil // most hosts are silent most of the time
	l.open <- struct{}{}
	defer func() { <-l.open }()
	err := l.appendTo(h.name, text)
	if err != nil && !errors.Is(err, os.ErrClosed) { // the user has left meanwhile
		l.fail.set(failed("write", filepath.Join(l.dir, h.name), err))
	}
}

func (l *logs) appendTo(name string, text []byte) error {
	f, err := l.root.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// writeAll writes what waits for any host.
func (l *logs) writeAll() {
	l.mu.Lock()
	hosts := make([]*hostLog, 0, len(l.hosts))
	for _, h := range l.hosts {
		hosts = append(hosts, h)
	}
	l.mu.Unlock()
	for _, h := range hosts {
		h.mu.Lock()
		l.write(h)
		h.mu.Unlock()
	}
}

// run writes every now and then what has gathered, so that a log can be followed
// and little is lost in a crash, until stop is closed.
func (l *logs) run(stop <-chan struct{}) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			l.writeAll()
		case <-stop:
			return
		}
	}
}

// close writes what is left.
func (l *logs) close() {
	l.writeAll()
	_ = l.root.Close() // nothing was written through it alone
}
