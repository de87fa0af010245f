package agent

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"fleet/transport"
)

// MetricsType is the content type of what Metrics writes.
const MetricsType = "text/plain; version=0.0.4; charset=utf-8"

// Metrics writes the metrics in the text format of Prometheus, version 0.0.4. No
// label names a host: their number has no bound.
func (s *Server) Metrics(w io.Writer) error {
	snap := s.snapshot()
	p := &page{}
	p.gauge("fleet_agent_info", "The program's version, as a label.", 1, "version", s.cfg.Version, "protocol", strconv.Itoa(Protocol))
	p.gauge("fleet_agent_start_time_seconds", "When the agent began, since the epoch.", float64(s.began.UnixNano())/1e9)
	p.gauge("fleet_agent_goroutines", "Goroutines of the agent.", float64(runtime.NumGoroutine()))
	s.mu.Lock()
	clients, running, tunnels := s.clientsLocked(), len(s.running), s.tunnelsLocked()
	done, refused := maps.Clone(s.done), s.refused
	s.mu.Unlock()
	p.gauge("fleet_agent_clients", "Processes that have something under way.", float64(clients))
	p.gauge("fleet_agent_operations", "Operations under way.", float64(running))
	p.head("fleet_agent_operations_total", "Operations that have ended.", "counter")
	for _, op := range slices.Sorted(maps.Keys(s.handlers)) {
		p.sample("fleet_agent_operations_total", float64(done[op]), "op", op)
	}
	p.head("fleet_agent_refused_total", "Operations that were not taken.", "counter")
	p.sample("fleet_agent_refused_total", float64(refused.busy), "reason", "busy")
	p.sample("fleet_agent_refused_total", float64(refused.draining), "reason", "draining")
	p.gauge("fleet_tunnels", "Connections that belong to one caller alone.", float64(tunnels))
	p.connections(&snap)
	_, err := w.Write(p.b.Bytes())
	return err
}

func (p *page) connections(snap *Snapshot) {
	sessions := 0
	for i := range snap.Connections {
		sessions += snap.Connections[i].Sessions
	}
	p.gauge("fleet_connections", "Connections to hosts.", float64(len(snap.Connections)))
	p.gauge("fleet_connections_dialing", "Connections that are being opened.", float64(snap.Dialing))
	p.head("fleet_dials_total", "Connections that were opened, or not, by result.", "counter")
	for _, kind := range []transport.Kind{
		"", transport.KindUnreachable, transport.KindAuth, transport.KindHostKey, transport.KindRefused,
		transport.KindLost, transport.KindTimeout, transport.KindCanceled, transport.KindInternal,
	} {
		result := string(kind)
		if kind == "" {
			result = "success"
		}
		p.sample("fleet_dials_total", float64(snap.Dials[kind]), "result", result)
	}
	p.gauge("fleet_sessions", "Sessions at work on hosts.", float64(sessions))
	p.gauge("fleet_sessions_waiting", "Commands that wait for a session.", float64(snap.Waiting))
	p.counter("fleet_sessions_total", "Commands and subsystems that were begun.", float64(snap.Sessions))
	p.histogram("fleet_queue_seconds", "Time from the call to the session.", snap.Queue)
	p.histogram("fleet_round_trip_seconds", "Round trips to all hosts.", snap.RoundTrips)
	p.counter("fleet_received_bytes_total", "Bytes from all hosts.", float64(snap.Received))
	p.counter("fleet_sent_bytes_total", "Bytes to all hosts.", float64(snap.Sent))
}

// A page is a text in the making.
type page struct{ b bytes.Buffer }

func (p *page) head(name, help, kind string) {
	fmt.Fprintf(&p.b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (p *page) gauge(name, help string, v float64, labels ...string) {
	p.head(name, help, "gauge")
	p.sample(name, v, labels...)
}

func (p *page) counter(name, help string, v float64) {
	p.head(name, help, "counter")
	p.sample(name, v)
}

// sample writes a line; labels are names and values in turn.
func (p *page) sample(name string, v float64, labels ...string) {
	p.b.WriteString(name)
	for i := 0; i+1 < len(labels); i += 2 {
		p.b.WriteByte("{,"[min(i, 1)])
		fmt.Fprintf(&p.b, `%s="%s"`, labels[i], labelText(labels[i+1]))
	}
	if len(labels) > 0 {
		p.b.WriteByte('}')
	}
	fmt.Fprintf(&p.b, " %s\n", strconv.FormatFloat(v, 'g', -1, 64))
}

func labelText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.ToValidUTF8(s, "\uFFFD"))
}

// histogram writes cumulative buckets, as the format wants them.
func (p *page) histogram(name, help string, t Times) {
	p.head(name, help, "histogram")
	var sum uint64
	for i, bound := range t.Bounds {
		if i < len(t.Counts) {
			sum += t.Counts[i]
		}
		p.sample(name+"_bucket", float64(sum), "le", strconv.FormatFloat(bound.Seconds(), 'g', -1, 64))
	}
	if len(t.Counts) > len(t.Bounds) {
		sum += t.Counts[len(t.Bounds)]
	}
	p.sample(name+"_bucket", float64(sum), "le", "+Inf")
	p.sample(name+"_sum", float64(t.Sum)/float64(time.Second))
	p.sample(name+"_count", float64(sum))
}
