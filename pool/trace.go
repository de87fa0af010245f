package pool

import (
	"fmt"
	"net"
	"slices"
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
	// Host is the target's name, or that of a jump host on the way to it.
	Host string
	// Name is the step: resolve, tcp, proxy, jump, version, algorithms,
	// hostkey, banner, login (one for each attempt), ready, session, command,
	// status, channel, close.
	Name string
	At   time.Time
	// Lines say what happened, safe to print; the first is the gist.
	Lines []string
	// Algorithms are what both sides had to agree on, for that step.
	Algorithms []Algorithm
	// Err is set where the step failed.
	Err error
}

// An Algorithm is one part of the protection that both sides had to agree on
// (RFC 4253 section 7.1).
type Algorithm struct {
	Use            string   // "key exchange", "cipher to server"
	Client, Server []string // what each side offers, the best first
	Chosen         string   // empty where there is none in common
}

// Implicit is chosen as mac where the cipher protects its own data (an AEAD).
const Implicit = "implicit"

// A tracer reports the steps of one connection. A nil tracer does nothing, so
// that the code which calls it reads the same with and without a trace.
type tracer struct {
	host string
	tell func(Step)
	wire *tap

	mu       sync.Mutex
	resolved bool     // the first address was told
	version  bool     // the versions were told
	agreed   bool     // the algorithms were told
	common   bool     // there is one in common for everything
	refused  []string // the lines about a host key that was not accepted
	allowed  bool     // what the server allows was told
	attempts int      // how many were told
	notices  int      // how many were told
}

func (p *Pool) newTracer(t *transport.Target) *tracer {
	if p.cfg.Trace == nil {
		return nil
	}
	tr := &tracer{host: t.Label(), tell: p.cfg.Trace}
	tr.wire = &tap{heard: tr.heard}
	return tr
}

func (t *tracer) step(name string, lines ...string) {
	if t != nil {
		t.report(Step{Name: name, Lines: lines})
	}
}

// fail reports the step that failed.
func (t *tracer) fail(name string, err error) {
	if t != nil {
		t.report(Step{Name: name, Err: err})
	}
}

func (t *tracer) report(s Step) {
	s.Host, s.At = t.host, time.Now()
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

// address is told of every address that a connection is tried to; the first
// tells how long the name took.
func (t *tracer) address(name, addr string) {
	t.mu.Lock()
	first := !t.resolved
	t.resolved = true
	t.mu.Unlock()
	if first && !strings.HasPrefix(addr, name+":") && !strings.HasPrefix(addr, "["+name+"]:") {
		t.step("resolve", fmt.Sprintf("%s is %s", name, addr))
	}
}

// heard looks whether what was said before encryption is complete by now.
func (t *tracer) heard(server, client []byte) {
	theirs, ok := versionLine(server)
	if !ok {
		return
	}
	mine, _ := versionLine(client)
	a := negotiate(parseOffer(client), parseOffer(server))
	t.mu.Lock()
	version, agreed := !t.version, !t.agreed && a != nil
	t.version, t.agreed = true, t.agreed || agreed
	t.common = a != nil && !slices.ContainsFunc(a, func(a Algorithm) bool { return a.Chosen == "" })
	t.mu.Unlock()
	if version {
		t.step("version", "server "+theirs, "client "+mine)
	}
	if agreed {
		t.report(Step{Name: "algorithms", Algorithms: a})
	}
}

// hostKey comes at the end of the key exchange.
func (t *tracer) hostKey(key ssh.PublicKey, how hostkey.How, err error) {
	if t == nil {
		return
	}
	lines := []string{fmt.Sprintf("%s %s", key.Type(), ssh.FingerprintSHA256(key))}
	if err == nil {
		text := how.String()
		if how.Basis == hostkey.Matched || how.Basis == hostkey.Certified {
			text = "verified by " + text
		}
		t.step("hostkey", append(lines, text)...)
		return
	}
	t.mu.Lock()
	t.refused = lines
	t.mu.Unlock()
}

func (t *tracer) banner(text string) {
	if t != nil {
		t.step("banner", strings.Split(strings.TrimRight(text, "\r\n"), "\n")...)
	}
}

// login reports what is new in log. The last attempt has no outcome until the
// server has answered it.
func (t *tracer) login(log credential.Log) {
	if t == nil {
		return
	}
	var lines []string
	t.mu.Lock()
	if !t.allowed && log.Allowed != nil {
		t.allowed = true
		lines = append(lines, "the server takes "+strings.Join(log.Allowed, ", "))
	}
	for ; t.notices < len(log.Notices); t.notices++ {
		lines = append(lines, log.Notices[t.notices])
	}
	for ; t.attempts < len(log.Attempts) && log.Attempts[t.attempts].Outcome != ""; t.attempts++ {
		lines = append(lines, attemptText(log.Attempts[t.attempts]))
	}
	t.mu.Unlock()
	for _, l := range lines {
		t.step("login", l)
	}
}

func attemptText(a credential.Attempt) string {
	text := a.Method
	if a.Key != nil {
		text += " " + a.Key.String()
	}
	return text + ": " + string(a.Outcome)
}

func (t *tracer) established(c ssh.Conn) {
	if t != nil {
		t.step("ready", "logged in as "+c.User())
	}
}

// failed reports the step at which a dial ended.
func (t *tracer) failed(target *transport.Target, at phase, e *transport.Error) {
	if t == nil {
		return
	}
	s := Step{Name: "tcp", Err: e}
	t.mu.Lock()
	switch {
	case e.Kind == transport.KindHostKey:
		s.Name, s.Lines = "hostkey", t.refused
	case e.Kind == transport.KindAuth, at == phaseLogin:
		s.Name = "login"
	case at == phaseKeyExchange && t.common:
		s.Name = "hostkey" // what is left of the key exchange
	case at == phaseKeyExchange:
		s.Name = "algorithms"
	case target.Proxy != "": // the way is what the command makes it, up to the banner
		s.Name = "proxy"
	case at == phaseBanner:
		s.Name = "version"
	case len(target.Jump) > 0:
		s.Name = "jump"
	case !t.resolved && net.ParseIP(target.Address) == nil:
		s.Name = "resolve"
	}
	t.mu.Unlock()
	t.report(s)
}
