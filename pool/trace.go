package pool

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/pool/credential"
	"fleet/pool/hostkey"
	"fleet/transport"
)

// A Step is one step in the life of a connection, for a trace.
type Step struct {
	Host string
	// Name is the step: tcp, proxy, jump, version, offer, algorithms,
	// hostkey, banner, login, ready, session, command, close.
	Name string
	// Lines say what happened, safe to print; the first is the gist.
	Lines []string
	At    time.Duration // since the dial began
	Took  time.Duration // since the step before
	Err   error         // set where the step failed and ended the connection
}

// A tracer reports the steps of one connection. A nil tracer does nothing, so
// that the code which calls it reads the same with and without a trace.
type tracer struct {
	host  string
	tell  func(Step)
	start time.Time

	mu   sync.Mutex
	last time.Time
	wire *tap
}

func (p *Pool) newTracer(t *transport.Target) *tracer {
	if p.cfg.Trace == nil {
		return nil
	}
	now := time.Now()
	return &tracer{host: t.Label(), tell: p.cfg.Trace, start: now, last: now, wire: new(tap)}
}

func (t *tracer) step(name string, lines ...string) { t.report(Step{Name: name, Lines: lines}) }

func (t *tracer) report(s Step) {
	if t == nil {
		return
	}
	now := time.Now()
	t.mu.Lock()
	s.Host, s.At, s.Took = t.host, now.Sub(t.start), now.Sub(t.last)
	t.last = now
	t.mu.Unlock()
	for i, l := range s.Lines {
		s.Lines[i] = printable(l)
	}
	t.tell(s)
}

func (t *tracer) tap() *tap {
	if t == nil {
		return nil
	}
	return t.wire
}

// hostKey comes at the end of the key exchange: what both sides offered is
// known by then.
func (t *tracer) hostKey(key ssh.PublicKey, how hostkey.How, err error) {
	if t == nil {
		return
	}
	t.offers()
	lines := []string{fmt.Sprintf("%s %s", key.Type(), ssh.FingerprintSHA256(key))}
	if err == nil {
		lines = append(lines, "verified: "+how.String())
	}
	t.step("hostkey", lines...)
}

// offers reports what was said before encryption began.
func (t *tracer) offers() {
	if t == nil {
		return
	}
	server, client := t.wire.sides()
	if line, ok := versionLine(server); ok {
		mine, _ := versionLine(client)
		t.step("version", "server "+line, "client "+mine)
	}
	for _, side := range []struct {
		name string
		raw  []byte
	}{{"client", client}, {"server", server}} {
		if lines := parseOffer(side.raw); lines != nil {
			t.step("offer", append([]string{side.name + " offers"}, lines...)...)
		}
	}
}

func (t *tracer) banner(text string) {
	if t != nil {
		t.step("banner", strings.Split(strings.TrimRight(text, "\r\n"), "\n")...)
	}
}

func (t *tracer) login(log credential.Log, err error) {
	if t == nil || (err != nil && len(log.Attempts) == 0 && log.Allowed == nil) {
		return
	}
	var lines []string
	if log.Allowed != nil {
		lines = append(lines, "server allows "+strings.Join(log.Allowed, ", "))
	}
	for _, a := range log.Attempts {
		line := a.Method
		if k := a.Key; k != nil {
			line += " " + k.Type + " " + k.Fingerprint
			switch {
			case k.Agent:
				line += " from the agent " + k.Comment
			case k.File != "":
				line += " from " + k.File
			}
		}
		if a.Outcome != "" {
			line += ": " + string(a.Outcome)
		}
		lines = append(lines, line)
	}
	lines = append(lines, log.Notices...)
	t.step("login", lines...)
}

func (t *tracer) established(c ssh.Conn) {
	if t == nil {
		return
	}
	if m, ok := c.(ssh.AlgorithmsConnMetadata); ok {
		a := m.Algorithms()
		t.step("algorithms", "key exchange "+a.KeyExchange, "host key "+a.HostKey,
			"to server "+cipherText(a.Write), "from server "+cipherText(a.Read))
	}
	t.step("ready", fmt.Sprintf("logged in as %s", c.User()))
}

func cipherText(d ssh.DirectionAlgorithms) string {
	if d.MAC == "" {
		return d.Cipher
	}
	return d.Cipher + " with " + d.MAC
}

func (t *tracer) failed(e *transport.Error) {
	if t == nil {
		return
	}
	if e.Kind != transport.KindHostKey && e.Kind != transport.KindAuth {
		t.offers()
	}
	t.report(Step{Name: "failed", Lines: []string{e.Error()}, Err: e})
}

// A tap keeps what both sides say before encryption begins.
type tap struct {
	mu             sync.Mutex
	server, client []byte
}

const tapMax = 16 << 10

func (t *tap) in(b []byte)  { t.add(&t.server, b) }
func (t *tap) out(b []byte) { t.add(&t.client, b) }

func (t *tap) add(to *[]byte, b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*to = append(*to, b[:min(len(b), tapMax-len(*to))]...)
}

// sides returns what was kept, and keeps it from being returned again.
func (t *tap) sides() (server, client []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	server, client = t.server, t.client
	t.server, t.client = nil, nil
	return server, client
}

// versionLine finds the identification string (RFC 4253 section 4.2).
func versionLine(raw []byte) (string, bool) {
	for line := range bytes.Lines(raw) {
		if bytes.HasPrefix(line, []byte("SSH-")) {
			return strings.TrimRight(string(line), "\r\n"), true
		}
	}
	return "", false
}

// parseOffer reads the name lists of the first KEXINIT (RFC 4253 section 7.1)
// in raw, which starts with the version exchange.
func parseOffer(raw []byte) []string {
	i := bytes.Index(raw, []byte("SSH-"))
	if i < 0 {
		return nil
	}
	_, raw, ok := bytes.Cut(raw[i:], []byte("\n"))
	if !ok || len(raw) < 6 {
		return nil
	}
	length := binary.BigEndian.Uint32(raw)
	if uint64(length)+4 > uint64(len(raw)) || length < 18+4 || raw[5] != 20 {
		return nil
	}
	body := raw[6+16 : 4+length]
	var lines []string
	for _, name := range []string{"key exchange", "host keys", "ciphers to server", "ciphers from server", "macs to server", "macs from server"} {
		if len(body) < 4 {
			return lines
		}
		n := binary.BigEndian.Uint32(body)
		if uint64(n)+4 > uint64(len(body)) {
			return lines
		}
		lines = append(lines, name+": "+strings.ReplaceAll(string(body[4:4+n]), ",", ", "))
		body = body[4+n:]
	}
	return lines
}
