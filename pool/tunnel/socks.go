package tunnel

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"fleet/internal/forward"
)

// The SOCKS server's side of the talk that comes before the data: SOCKS5 (RFC
// 1928) without authentication, SOCKS4, and SOCKS4a. Names are never looked up
// here; they go to the other side as they came.
//
// Nothing is read beyond the request, so that whatever a client sends right
// behind it is still to be read from the connection; and nothing of a client's
// makes more than 255 bytes of memory.

// A socksRequest is where a client of SOCKS wants to go. It has to be answered,
// by grant or deny.
type socksRequest struct {
	host    string // a name or an address, checked
	port    int    // 1 to 65535
	version int    // 4 or 5
	conn    net.Conn
	limit   time.Duration
}

// target is where the client wants to go.
func (r *socksRequest) target() forward.Endpoint { return forward.TCP(r.host, r.port) }

// errMute is the cause of the end of a client that does not get on with it.
var errMute = errors.New("the client did not say in time where to connect to")

// negotiate reads what a client wants. Where it is nothing that can be done, the
// client has been told so, and the caller closes the connection. limit bounds the
// talk as a whole, and later each answer: when it is over, as when ctx is, the
// connection is closed, as not all kinds of connections know deadlines.
func negotiate(ctx context.Context, conn net.Conn, limit time.Duration) (*socksRequest, error) {
	r := &socksRequest{conn: conn, limit: limit}
	var refusal []byte
	err := within(ctx, conn, limit, errMute, func() (err error) {
		refusal, err = r.read()
		return err
	})
	if err == nil {
		return r, nil
	}
	if refusal != nil {
		r.finish(ctx, refusal)
	}
	return nil, fmt.Errorf("socks: %w", err)
}

// read takes the client's words in. With an error comes what to answer to them.
func (r *socksRequest) read() (refusal []byte, err error) {
	version, err := r.take(1)
	if err != nil {
		return nil, err
	}
	switch c := version[0]; {
	case c == 5:
		return r.read5()
	case c == 4:
		return r.read4()
	case c >= 'A' && c <= 'Z':
		return []byte(notHTTP), errors.New("the client speaks HTTP")
	default:
		return nil, fmt.Errorf("the client speaks neither version 4 nor 5, but 0x%02x", c)
	}
}

// notHTTP is the answer to a browser or a tool that takes this for another proxy.
const notHTTP = "HTTP/1.0 501 Not Implemented\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n" +
	"This is a SOCKS proxy. Write socks5h:// where http:// is.\n"

// read5 reads SOCKS5 behind the version's byte: RFC 1928, sections 3 and 4.
func (r *socksRequest) read5() (refusal []byte, err error) {
	r.version = 5
	count, err := r.take(1)
	if err != nil {
		return nil, err
	}
	methods, err := r.take(int(count[0]))
	if err != nil {
		return nil, err
	}
	if !contains(methods, 0) {
		return []byte{5, 0xFF}, errors.New("the client insists on a login")
	}
	if _, err := r.conn.Write([]byte{5, 0}); err != nil {
		return nil, err
	}
	head, err := r.take(4) // version, command, reserved, type of the address
	if err != nil {
		return nil, err
	}
	if head[0] != 5 {
		return nil, fmt.Errorf("a request of version %d in a talk of version 5", head[0])
	}
	if refusal, err := r.readHost(head[3]); err != nil {
		return refusal, err
	}
	port, err := r.take(2)
	if err != nil {
		return nil, err
	}
	r.port = int(binary.BigEndian.Uint16(port))
	if head[1] != 1 {
		return reply5(socksNoCommand, nil), fmt.Errorf("command %d: only connecting is supported", head[1])
	}
	return reply5(socksFailure, nil), r.check()
}

// readHost reads an address of SOCKS5: RFC 1928, section 5.
func (r *socksRequest) readHost(kind byte) (refusal []byte, err error) {
	size := 0
	switch kind {
	case 1:
		size = 4
	case 4:
		size = 16
	case 3:
		length, err := r.take(1)
		if err != nil {
			return nil, err
		}
		size = int(length[0])
	default:
		return reply5(socksNoAddress, nil), fmt.Errorf("an address of the unknown type %d", kind)
	}
	raw, err := r.take(size)
	if err != nil {
		return nil, err
	}
	r.host = string(raw)
	if kind != 3 {
		ip, _ := netip.AddrFromSlice(raw)
		r.host = ip.Unmap().String()
	}
	return nil, nil
}

// read4 reads SOCKS4, or 4a, behind the version's byte.
func (r *socksRequest) read4() (refusal []byte, err error) {
	r.version = 4
	head, err := r.take(7) // command, port, address
	if err != nil {
		return nil, err
	}
	r.port = int(binary.BigEndian.Uint16(head[1:]))
	if _, err := r.text("user's name"); err != nil { // which proves nothing
		return reply4(false, nil), err
	}
	ip := [4]byte(head[3:])
	r.host = netip.AddrFrom4(ip).String()
	if ip[0] == 0 && ip[1] == 0 && ip[2] == 0 && ip[3] != 0 { // SOCKS4a
		if r.host, err = r.text("host's name"); err != nil {
			return reply4(false, nil), err
		}
	}
	if head[0] != 1 {
		return reply4(false, nil), fmt.Errorf("command %d: only connecting is supported", head[0])
	}
	return reply4(false, nil), r.check()
}

// text reads up to a zero byte, a byte at a time, as what is behind it may not be
// ours.
func (r *socksRequest) text(what string) (string, error) {
	const most = 255
	text := make([]byte, 0, 64)
	for {
		c, err := r.take(1)
		if err != nil {
			return "", err
		}
		if c[0] == 0 {
			return string(text), nil
		}
		if len(text) == most {
			return "", fmt.Errorf("the %s is longer than %d bytes", what, most)
		}
		text = append(text, c[0])
	}
}

// check refuses what must not be handed on: a name is about to be looked up, sent
// to the host and shown.
func (r *socksRequest) check() error {
	if err := forward.CheckHost(r.host); err != nil {
		return err
	}
	if r.port == 0 {
		return errors.New("port 0 is none")
	}
	return nil
}

// take reads exactly n bytes.
func (r *socksRequest) take(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(r.conn, b); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errors.New("the client went away before it said where to connect to")
		}
		return nil, err
	}
	return b, nil
}

func contains(list []byte, b byte) bool {
	for _, one := range list {
		if one == b {
			return true
		}
	}
	return false
}

// within runs f, which talks over conn, and closes conn when ctx or the limit is
// over before f is, so that f ends too. The limit's end is told as late.
func within(ctx context.Context, conn net.Conn, limit time.Duration, late error, f func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, late)
	defer cancel()
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = conn.Close() // the reason is in ctx
	})
	err := f()
	if !stop() {
		<-closed
		return context.Cause(ctx)
	}
	return err
}
