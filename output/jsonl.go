package output

import (
	"sync"
	"unicode/utf8"

	"fleet/event"
)

// jsonl prints the event stream itself, one object a line.
type jsonl struct {
	*core
	ended sync.Once

	mu    sync.Mutex
	split map[streamKey][]byte // the beginning of a character cut by a chunk border
}

// A streamKey is what has a stream of its own: a host, and in a run of tasks
// what a host does for one task on one machine.
type streamKey struct {
	task, host, on string
	stream         event.Stream
}

// NewJSONL returns a renderer that prints each event as it happens, in the wire
// form of docs/events.md.
func NewJSONL(cfg Config) Renderer {
	return &jsonl{core: newCore(cfg), split: make(map[streamKey][]byte)}
}

func (j *jsonl) Emit(e *event.Event) {
	if j.screen.gone.Load() {
		return
	}
	switch e.Type {
	case event.Output:
		if j.live != nil {
			j.live.tracker.Emit(e)
		}
		whole := *e
		if whole.Data = j.join(e); len(whole.Data) > 0 {
			j.line(&whole)
		}
		return
	case event.HostEnd, event.StepEnd, event.StepRetry:
		j.flush(e, event.Stdout)
		j.flush(e, event.Stderr)
	}
	j.line(e)
	j.observe(e)
	if e.Type == event.RunEnd {
		j.ended.Do(func() { j.end(e, false) })
	}
}

// join returns the data of e with a character that an earlier chunk began, and
// keeps one that e only begins: text stays text wherever it was cut.
func (j *jsonl) join(e *event.Event) []byte {
	k := streamKey{e.Task, e.Host, e.On, e.Stream}
	j.mu.Lock()
	defer j.mu.Unlock()
	data := e.Data
	if begun := j.split[k]; len(begun) > 0 {
		data = append(begun, data...)
		delete(j.split, k)
	}
	if n := unfinished(data); n > 0 {
		j.split[k] = append([]byte(nil), data[len(data)-n:]...)
		data = data[:len(data)-n]
	}
	return data
}

// unfinished is the length of the character that p begins and does not end.
func unfinished(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		b := p[len(p)-n]
		if utf8.RuneStart(b) {
			if b >= utf8.RuneSelf && !utf8.FullRune(p[len(p)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// flush prints a character that was begun and never ended.
func (j *jsonl) flush(end *event.Event, s event.Stream) {
	k := streamKey{end.Task, end.Host, end.On, s}
	j.mu.Lock()
	begun := j.split[k]
	delete(j.split, k)
	j.mu.Unlock()
	if len(begun) > 0 {
		j.line(&event.Event{
			Type: event.Output, Time: end.Time, Host: end.Host, Stream: s, Data: begun,
			Task: end.Task, Batch: end.Batch, Section: end.Section, Step: end.Step, Key: end.Key, On: end.On,
		})
	}
}

func (j *jsonl) line(e *event.Event) {
	buf := j.bufs.take()
	defer j.bufs.give(buf)
	b, err := e.AppendJSON(*buf)
	if err != nil {
		j.screen.fail(err)
		return
	}
	*buf = b
	if j.cfg.Stdout.sanitize() {
		b = escapeHidden(nil, b, jsonEscape)
	}
	j.screen.stdout(b)
}

func (j *jsonl) Close() error {
	j.ended.Do(func() { j.end(nil, false) })
	return j.close()
}
