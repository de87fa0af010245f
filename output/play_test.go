package output

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	"fleet/event"
)

// start is when all runs of these tests begin.
var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A script is a run told in short: each line is one event.
type script []event.Event

func hosts(names ...string) event.Event {
	return event.Event{Type: event.RunStart, Time: start, Hosts: names, Command: "uptime", Fanout: 64}
}

func begin(host string) event.Event {
	return event.Event{Type: event.HostStart, Time: start, Host: host}
}

func out(host, data string) event.Event {
	return event.Event{Type: event.Output, Time: start, Host: host, Stream: event.Stdout, Data: []byte(data)}
}

func errOut(host, data string) event.Event {
	e := out(host, data)
	e.Stream = event.Stderr
	return e
}

func ok(host string) event.Event {
	return event.Event{Type: event.HostEnd, Time: start, Host: host, Outcome: event.OK, Duration: 1500 * time.Millisecond}
}

func exit(host string, status int) event.Event {
	e := ok(host)
	e.Outcome, e.Status = event.Failed, status
	return e
}

func bad(host string, o event.Outcome, kind, text, hint string) event.Event {
	e := ok(host)
	e.Outcome, e.Status, e.Kind, e.Error, e.Hint = o, -1, kind, text, hint
	return e
}

func runEnd(counts map[event.Outcome]int) event.Event {
	return event.Event{Type: event.RunEnd, Time: start, Duration: 2500 * time.Millisecond, Summary: &event.Summary{Counts: counts}}
}

// refused is how a closed port looks in an event.
func refused(host string) event.Event {
	return bad(host, event.Unreachable, "unreachable", "dial: dial tcp 10.0.0.8:22: connect: connection refused", "is sshd running there?")
}

// mixed is a run in which everything happens.
func mixed() script {
	return script{
		hosts("web01", "web02", "web03", "web04", "db01", "db02"),
		begin("web01"), begin("web02"), begin("web03"), begin("web04"), begin("db01"),
		out("web01", "up 3 days\n"), out("web02", "up 3 "), errOut("web03", "warning: disk\n"),
		out("web02", "days\n"), out("web03", "up 3 days\n"), out("web04", "up 4 days"),
		ok("web01"), ok("web02"), exit("web03", 3), ok("web04"), refused("db01"),
		bad("db02", event.NotAttempted, "", "", ""),
		runEnd(map[event.Outcome]int{event.OK: 3, event.Failed: 1, event.Unreachable: 1, event.NotAttempted: 1}),
	}
}

func (s script) play(sink event.Sink) {
	for i := range s {
		e := s[i]
		e.Data = bytes.Clone(e.Data)
		sink.Emit(&e)
		for j := range e.Data {
			e.Data[j] = '!' // the producer's buffer is reused
		}
	}
}

// show plays s into a renderer and returns what it prints.
func show(t *testing.T, s script, with func(Config) Renderer, change ...func(*Config)) (stdout, stderr string) {
	t.Helper()
	var o, e bytes.Buffer
	cfg := Config{Stdout: Dest{Writer: &o}, Stderr: Dest{Writer: &e}, Fold: fold, TempDir: t.TempDir()}
	cfg.OnWriteError = func(err error) { t.Errorf("write error: %v", err) }
	for _, f := range change {
		f(&cfg)
	}
	r := with(cfg)
	s.play(r)
	if err := r.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	return o.String(), e.String()
}

// A page is a buffer that may be read while others write.
type page struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *page) WriteString(s string) { _, _ = p.Write([]byte(s)) }

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

func (p *page) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.b.Reset()
}

// fold stands for the real thing.
func fold(hosts []string) string {
	if len(hosts) < 3 {
		return fmt.Sprint(hosts)
	}
	return fmt.Sprintf("[%s..%s]", hosts[0], hosts[len(hosts)-1])
}

func terminal(c *Config) {
	c.Stdout.Terminal, c.Stderr.Terminal = true, true
}

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant:\n%s\n(got %q)", what, got, want, got)
	}
}
