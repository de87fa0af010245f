package tunnel

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"fleet/transport"
)

// What SOCKS5 answers: RFC 1928, section 6. SOCKS4 has yes and no.
const (
	socksGranted     byte = 0
	socksFailure     byte = 1
	socksNotAllowed  byte = 2
	socksNoNetwork   byte = 3
	socksNoHost      byte = 4
	socksRefused     byte = 5
	socksTimeout     byte = 6 // "TTL expired"
	socksNoCommand   byte = 7
	socksNoAddress   byte = 8
	socks4Granted    byte = 0x5A
	socks4NotGranted byte = 0x5B
)

// errNotPermitted is that the rule's permits have no such target in them.
var errNotPermitted = errors.New("the target is not permitted")

// grant tells the client that it is connected, from the address bound, which may
// be nil, and that what follows is data.
func (r *socksRequest) grant(ctx context.Context, bound net.Addr) error {
	answer := reply5(socksGranted, bound)
	if r.version == 4 {
		answer = reply4(true, bound)
	}
	return within(ctx, r.conn, r.limit, errors.New("socks: the client does not read the answer"), func() error {
		_, err := r.conn.Write(answer)
		return err
	})
}

// deny tells the client why there is no connection, as far as SOCKS has a word for
// it. The caller closes the connection then.
func (r *socksRequest) deny(ctx context.Context, reason error) {
	answer := reply5(socksCode(reason), nil)
	if r.version == 4 {
		answer = reply4(false, nil)
	}
	r.finish(ctx, answer)
}

// finish writes the last of the talk and waits a moment for the client's end:
// closing while there is something from it to read would reset the connection,
// and the answer with it.
func (r *socksRequest) finish(ctx context.Context, answer []byte) {
	const moment, most = time.Second, 64 << 10
	_ = within(ctx, r.conn, moment, errMute, func() error { // who does not take the answer does not want it
		if _, err := r.conn.Write(answer); err != nil {
			return err
		}
		half, ok := r.conn.(interface{ CloseWrite() error })
		if !ok {
			return nil
		}
		if err := half.CloseWrite(); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, io.LimitReader(r.conn, most))
		return err
	})
}

// socksCode is SOCKS5's word for what became of a connection. sshd tells the
// reason of its host's system in words only, and those are alike everywhere.
func socksCode(err error) byte {
	text := strings.ToLower(err.Error())
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	switch kind := transport.KindOf(err); {
	case errors.Is(err, errNotPermitted), errors.Is(err, transport.ErrNoForwarding):
		return socksNotAllowed
	case kind == transport.KindLost, kind == transport.KindUnreachable:
		return socksNoNetwork // the way to the host, not the target
	case has("network is unreachable", "network unreachable"):
		return socksNoNetwork
	case has("no route", "unreachable", "not known", "no such host", "no address", "name resolution", "host is down"):
		return socksNoHost
	case kind == transport.KindTimeout, has("timed out", "timeout", "deadline exceeded"):
		return socksTimeout
	case has("prohibited", "permission denied", "not permitted"):
		return socksNotAllowed
	case has("refused"):
		return socksRefused
	default:
		return socksFailure
	}
}

// reply5 is an answer of SOCKS5: version, code, reserved, address and port.
func reply5(code byte, bound net.Addr) []byte {
	ip, port := address(bound)
	answer := []byte{5, code, 0, 1}
	if ip.Is6() {
		answer[3] = 4
	}
	return binary.BigEndian.AppendUint16(append(answer, ip.AsSlice()...), port)
}

// reply4 is an answer of SOCKS4: version of the answer, code, port, address.
func reply4(granted bool, bound net.Addr) []byte {
	ip, port := address(bound)
	if !ip.Is4() {
		ip = netip.IPv4Unspecified()
	}
	answer := []byte{0, socks4NotGranted}
	if granted {
		answer[1] = socks4Granted
	}
	return append(binary.BigEndian.AppendUint16(answer, port), ip.AsSlice()...)
}

// address is that of bound where it has one, or else all zeros, which clients
// know to say nothing.
func address(bound net.Addr) (netip.Addr, uint16) {
	if tcp, ok := bound.(*net.TCPAddr); ok && tcp != nil {
		if at := tcp.AddrPort(); at.Addr().IsValid() {
			return at.Addr().Unmap().WithZone(""), at.Port()
		}
	}
	return netip.IPv4Unspecified(), 0
}
