//go:build !windows

package agent

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"fleet/transport"
)

// serving starts a server that the test ends, and returns it with its end.
func serving(t *testing.T, cfg Config) (*Server, *Client, <-chan error) {
	t.Helper()
	path := socketPath(t)
	ln, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(cfg)
	served := make(chan error, 1)
	over := make(chan struct{})
	go func() { // ends with the server
		served <- s.Serve(t.Context(), ln)
		close(over)
	}()
	t.Cleanup(func() {
		s.Stop(true)
		<-over
	})
	return s, &Client{socket: path}, served
}

func TestAnAgentThatStopsLetsWhatRunsGoOn(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	_, c, served := serving(t, Config{Transport: fake{run: func(context.Context, transport.Target, *transport.Command) (transport.Status, error) {
		close(begun)
		<-goOn
		return transport.Status{Code: 7}, nil
	}}})
	ended := make(chan transport.Status, 1)
	go func() { // ends with the command
		st, _ := c.Run(t.Context(), transport.Target{}, &transport.Command{})
		ended <- st
	}()
	<-begun
	stopped := make(chan error, 1)
	resp, err := c.ask(t.Context(), http.MethodPost, "/v1/stop", "") // it has an answer when it drains
	if err != nil {
		t.Fatal(err)
	}
	go func() { // ends with the agent
		_, err := io.Copy(io.Discard, resp.Body)
		stopped <- errors.Join(err, resp.Body.Close())
	}()
	var st *Status
	for st == nil || !st.Draining { // it says so before it stops
		if st, err = c.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if st.Operations != 1 || st.Clients != 0 && st.Clients != 1 {
		t.Errorf("got %+v", st)
	}
	var refused *RefusedError
	if _, err := c.Run(t.Context(), transport.Target{}, &transport.Command{}); !errors.As(err, &refused) {
		t.Errorf("while it drains: got %v", err)
	}
	close(goOn)
	if st := <-ended; st.Code != 7 {
		t.Errorf("the command ended with %+v", st)
	}
	if err := errors.Join(<-stopped, <-served); err != nil {
		t.Error(err)
	}
	if _, err := Dial(t.Context(), c.socket); !errors.Is(err, ErrNotRunning) {
		t.Errorf("after the stop: got %v", err)
	}
}

func TestAnAgentThatStopsNowLosesWhatRuns(t *testing.T) {
	_, c, served := serving(t, Config{Transport: fake{run: untilCanceled}})
	_, err := c.Run(t.Context(), transport.Target{Name: "a"}, &transport.Command{Started: func() {
		if err := c.Stop(t.Context(), true); err == nil {
			t.Log("stopped")
		}
	}})
	_ = served
	var e *transport.Error
	if !errors.As(err, &e) || e.Kind != transport.KindLost || !e.Sent || !e.Stopped {
		t.Errorf("got %#v: %v", err, err)
	}
}

func TestWhatRunsMayBeJoinedUntilItIsCutOff(t *testing.T) {
	s := NewServer(Config{})
	first, second := new(operation), new(operation)
	if err := s.admit(first, false); err != nil {
		t.Fatal(err)
	}
	s.unused() // the idle time ended as it came
	if err := s.admit(second, false); err != nil {
		t.Errorf("an agent that is in use: %v", err)
	}
	s.leave(second)
	s.Stop(true)
	if err := s.admit(new(operation), false); err == nil {
		t.Error("an agent that ends began something new")
	}
	if err := s.admit(second, true); err != nil {
		t.Errorf("to clean up: %v", err)
	}
	s.leave(second)
	s.drop()
	if err := s.admit(second, true); err == nil {
		t.Error("the end can be put off for ever")
	}
}

func TestAnAgentThatNobodyUsesEnds(t *testing.T) {
	s := NewServer(Config{Transport: transport.Local{}, Idle: time.Millisecond})
	ln, err := Listen(socketPath(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(t.Context(), ln); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNotAnOperationIsRefusedWithWords(t *testing.T) {
	_, c, _ := serving(t, Config{Transport: transport.Local{}, Version: "1.2.3"})
	for _, test := range []struct{ send, want string }{
		{"POST /v1/op HTTP/1.1\r\nHost: fleet\r\nConnection: Upgrade\r\nUpgrade: fleet-agent/99\r\n\r\n", "426 .*this agent speaks fleet-agent/1, and was asked for \"fleet-agent/99\""},
		{"POST /v1/stop HTTP/1.1\r\nHost: fleet\r\nConnection: close\r\nContent-Length: 3\r\n\r\n{x}", "400 .*the body is not what was expected"},
		{"POST /v1/stop HTTP/1.1\r\nHost: fleet\r\nConnection: close\r\nContent-Length: 12\r\n\r\n{\"nwo\":true}", "400 .*the body is not what was expected"},
		{"GET /v1/else HTTP/1.1\r\nHost: fleet\r\nConnection: close\r\n\r\n", "404 "},
		{"POST /v1/op HTTP/1.1\r\nX: " + strings.Repeat("x", maxHead+8<<10) + "\r\n\r\n", "431 "},
		{upgradeRequest + "\r\n\x02\x00\x00\x00\x00", "^$"},
		{upgradeRequest + "\r\n\x01\xff\xff\xff\xff", "^$"},
	} {
		conn, err := net.Dial("unix", c.socket)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, test.send)
		got, _ := io.ReadAll(conn)
		_ = conn.Close()
		if !regexp.MustCompile("(?s)" + test.want).Match(got) {
			t.Errorf("%.60q: got %q, want %q", test.send, got, test.want)
		}
	}
}

func TestAnotherVersionIsRefusedWithWords(t *testing.T) {
	c := dyingAgent(t, []byte("HTTP/1.1 204 No Content\r\nFleet-Version: 9.9\r\nUpgrade: fleet-agent/9\r\n\r\n"))
	_, err := Dial(t.Context(), c.socket)
	var v *VersionError
	if !errors.As(err, &v) || v.Agent != "9.9" || v.Protocol != "fleet-agent/9" {
		t.Errorf("got %v", err)
	}
}

func TestPreparingAsksTheCaller(t *testing.T) {
	_, c, _ := serving(t, Config{Prepare: func(ctx context.Context, targets []transport.Target) error {
		s, err := transport.CallerOf(ctx).Ask(ctx, transport.Question{Text: targets[1].Name})
		return fmt.Errorf("%s %w", s.Reveal(), err)
	}})
	no := errors.New("no answer")
	ctx := transport.WithCaller(t.Context(), &transport.Caller{Ask: func(_ context.Context, q transport.Question) (transport.Secret, error) {
		return transport.NewSecret("for " + q.Text), no
	}})
	if err := c.Prepare(ctx, []transport.Target{{Name: "a"}, {Name: "b"}}); err == nil || err.Error() != " no answer" && err.Error() != "for b no answer" {
		t.Errorf("got %v", err)
	}
}

func TestMetricsAreInTheFormatOfPrometheus(t *testing.T) {
	s := NewServer(Config{Version: "a\"b\\c\nd\xff", Snapshot: func() Snapshot {
		return Snapshot{
			Connections: []Connection{{Host: "secret-host", Sessions: 2}, {Sessions: 1}},
			Dials:       map[transport.Kind]uint64{"": 5, transport.KindAuth: 2},
			RoundTrips:  Times{Bounds: []time.Duration{time.Millisecond, time.Second}, Counts: []uint64{1, 2, 3}, Sum: 1500 * time.Millisecond},
		}
	}})
	var b strings.Builder
	if err := s.Metrics(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{
		"fleet_sessions 3\n", "fleet_connections 2\n", `fleet_dials_total{result="success"} 5`, `fleet_dials_total{result="auth"} 2`,
		`fleet_round_trip_seconds_bucket{le="0.001"} 1`, `fleet_round_trip_seconds_bucket{le="1"} 3`, `fleet_round_trip_seconds_bucket{le="+Inf"} 6`,
		"fleet_round_trip_seconds_sum 1.5\n", "fleet_round_trip_seconds_count 6\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q", want)
		}
	}
	if strings.Contains(text, "secret-host") {
		t.Error("a label names a host")
	}
	checkMetrics(t, text)
}

// checkMetrics checks every line: a HELP and a TYPE go before the samples of their
// name, and each name has them once.
func checkMetrics(t *testing.T, text string) {
	t.Helper()
	help := regexp.MustCompile(`^# HELP ([a-z_]+) \S.*\.$`)
	typ := regexp.MustCompile(`^# TYPE ([a-z_]+) (counter|gauge|histogram)$`)
	sample := regexp.MustCompile(`^([a-z_]+?)(_bucket|_sum|_count)?(\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\})? [0-9.e+-]+$`)
	seen := map[string]bool{}
	var helped, name, kind string
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		if m := help.FindStringSubmatch(line); m != nil {
			helped = m[1]
		} else if m := typ.FindStringSubmatch(line); m != nil {
			if name, kind = m[1], m[2]; name != helped || seen[name] || (kind == "counter") != strings.HasSuffix(name, "_total") {
				t.Errorf("%q", line)
			}
			seen[name] = true
		} else if m := sample.FindStringSubmatch(line); m == nil || m[1] != name && m[1]+m[2] != name || (kind == "histogram") != (m[2] != "") {
			t.Errorf("%q is not a sample of %q", line, name)
		}
	}
}
