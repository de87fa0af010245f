package pool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

// This file is the one place that looks into the errors of x/crypto/ssh and of
// the network, and gives them a kind and words that a person can use.

// A phase is what a dial was doing, for its error message.
type phase int32

const (
	phaseTCP phase = iota
	phaseBanner
	phaseKeyExchange
	phaseLogin
)

func (p phase) String() string {
	switch p {
	case phaseTCP:
		return "no answer to the TCP connection"
	case phaseBanner:
		return "connected, but the server sent no SSH banner"
	case phaseKeyExchange:
		return "the key exchange did not finish"
	default:
		return "the login did not finish"
	}
}

// of is the phase in words that fit the way to t.
func (p phase) of(t *transport.Target) string {
	if p == phaseBanner && t.Proxy != "" {
		return "the proxy command runs, but brought no SSH banner"
	}
	return p.String()
}

// timedOut is the cause of a dial whose time was over.
type timedOut struct{ after time.Duration }

func (e *timedOut) Error() string { return fmt.Sprintf("timed out after %s", e.after) }

// errCongested marks a connection that the server dropped before its banner:
// too many unauthenticated connections (MaxStartups), not a host that is down.
var errCongested = errors.New("the server closed the connection before its banner")

// errGone is the cause of death of a connection whose server stopped answering.
var errGone = errors.New("the server stopped answering")

// dialError gives a failed dial its kind. head is what the server said first.
func dialError(ctx context.Context, t *transport.Target, err error, at phase, head []byte) *transport.Error {
	e := &transport.Error{Op: "connect", Host: t.Label(), Kind: transport.KindUnreachable, Err: err, Stopped: true}
	var known *transport.Error
	var late *timedOut
	var proxy *proxyFailed
	switch {
	case errors.As(err, &known):
		mine := *known
		mine.Stopped = true // nothing was begun
		return &mine
	case errors.As(context.Cause(ctx), &late) && at == phaseBanner && refusedText(head) != "":
		e.Err = fmt.Errorf("%s, it says %q: %w", at.of(t), refusedText(head), late)
	case errors.As(context.Cause(ctx), &late):
		e.Err = fmt.Errorf("%s: %w", at.of(t), late)
	case ctx.Err() != nil:
		e.Kind, e.Err = transport.KindCanceled, context.Cause(ctx)
	case errors.As(err, &proxy):
		e.Err = proxy
	case at == phaseTCP && os.IsTimeout(err): // the dialer's timer was faster than ours
		e.Err = fmt.Errorf("%s: %w", at, &timedOut{connectTimeout(t)})
	case at == phaseTCP:
		e.Err = networkError(err)
	case at == phaseBanner && isClosed(err) && refusedText(head) == "":
		e.Err = errCongested
	case at == phaseBanner:
		e.Err = notSSH(err, head)
	case at == phaseKeyExchange:
		e.Hint, e.Err = keyExchangeError(err)
	default:
		e.Op, e.Kind, e.Err = "login", transport.KindAuth, err
		if isClosed(err) {
			e.Kind, e.Err = transport.KindUnreachable, fmt.Errorf("the server closed the connection during the login")
		}
	}
	return e
}

// networkError says in a few words what net.Dial says in many.
func networkError(err error) error {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Errorf("no such host: %q does not resolve", dns.Name)
	case errors.As(err, &dns):
		return fmt.Errorf("resolving %q: %s", dns.Name, dns.Err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return withAddr(err, "connection refused")
	case errors.Is(err, syscall.EHOSTUNREACH):
		return withAddr(err, "no route to host")
	case errors.Is(err, syscall.ENETUNREACH):
		return withAddr(err, "network is unreachable")
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fmt.Errorf("too many open files on this machine: raise the limit (ulimit -n) or lower --fanout")
	default:
		return err
	}
}

func withAddr(err error, text string) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		return fmt.Errorf("%s: %w", op.Addr, &plain{text, err})
	}
	return &plain{text, err}
}

// plain shows text, and keeps the cause for errors.Is.
type plain struct {
	text  string
	cause error
}

func (p *plain) Error() string { return p.text }
func (p *plain) Unwrap() error { return p.cause }

// isClosed reports whether err says that the other side hung up.
func isClosed(err error) bool {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed) {
		return true
	}
	// Some of x/crypto's errors carry the cause as text only.
	s := err.Error()
	return strings.HasSuffix(s, "EOF") || strings.Contains(s, "connection reset by peer")
}

// refusedText is what sshd writes in place of a banner to turn a client away
// for reasons that do not pass in a moment.
func refusedText(head []byte) string {
	line, _, _ := strings.Cut(string(head), "\n")
	line = strings.TrimSpace(line)
	if line == "" || strings.HasPrefix(line, "SSH-") || strings.HasPrefix(line, "Exceeded MaxStartups") {
		return ""
	}
	return printable(line)
}

func notSSH(err error, head []byte) error {
	text := refusedText(head)
	switch {
	case strings.HasPrefix(text, "Not allowed at this time"):
		return fmt.Errorf("the server turns this address away for a while (PerSourcePenalties): %q", text)
	case text != "":
		return fmt.Errorf("this is not an SSH server: it says %q", text)
	default:
		return err
	}
}

func keyExchangeError(err error) (hint string, cause error) {
	var neg *ssh.AlgorithmNegotiationError
	if errors.As(err, &neg) {
		return "set legacy = true for this host if it cannot be updated", fmt.Errorf("no algorithm in common: %w", neg)
	}
	if isClosed(err) {
		return "", fmt.Errorf("the server closed the connection during the key exchange")
	}
	return "", err
}

// printable keeps what a stranger sent from acting on the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || (r >= 0x7f && r < 0xa0) {
			return '?'
		}
		return r
	}, s)
}

// lostError is the failure of something that ran on a connection which ended.
func lostError(t *transport.Target, op string, cause error, sent bool) *transport.Error {
	text := "the connection was lost"
	if cause != nil && !isClosed(cause) {
		text += ": " + printable(cause.Error())
	}
	return &transport.Error{Op: op, Host: t.Label(), Kind: transport.KindLost, Err: errors.New(text), Sent: sent, Stopped: !sent}
}

// isSessionLimit reports whether err is a server's refusal of one session more.
func isSessionLimit(err error) bool {
	var open *ssh.OpenChannelError
	return errors.As(err, &open) &&
		(open.Reason == ssh.ConnectionFailed || open.Reason == ssh.Prohibited || open.Reason == ssh.ResourceShortage)
}

// forwardError says why a host would not connect onward.
func forwardError(addr string, err error) error {
	var open *ssh.OpenChannelError
	if !errors.As(err, &open) {
		return err
	}
	switch open.Reason {
	case ssh.Prohibited, ssh.UnknownChannelType:
		return fmt.Errorf("%w to %s: %s", transport.ErrNoForwarding, addr, printable(open.Message))
	case ssh.ConnectionFailed:
		return fmt.Errorf("it cannot connect to %s: %s", addr, printable(open.Message))
	default:
		return fmt.Errorf("no channel to %s: %s", addr, printable(open.Message))
	}
}

// wasLost reports whether err, of the opening of a channel, is the end of the
// connection and not the server's refusal.
func wasLost(err error) bool {
	var open *ssh.OpenChannelError
	return !errors.As(err, &open)
}

// withoutHost drops the host's name from an error that is shown with one.
func withoutHost(err error) error {
	var e *transport.Error
	if errors.As(err, &e) {
		return fmt.Errorf("%s: %w", e.Op, e.Err)
	}
	return err
}

func hintFrom(err error) string {
	var e *transport.Error
	if errors.As(err, &e) {
		return e.Hint
	}
	return ""
}
