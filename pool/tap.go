package pool

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
)

// A tap keeps what both sides say before encryption begins.
type tap struct {
	heard func(server, client []byte) // told of all so far; without a lock

	mu             sync.Mutex
	server, client []byte
}

// tapMax is more than the longest offers: a packet has 35,000 bytes at most
// (RFC 4253 section 6.1), and usual ones have 2,000.
const tapMax = 40 << 10

func (t *tap) in(b []byte)  { t.add(&t.server, b) }
func (t *tap) out(b []byte) { t.add(&t.client, b) }

func (t *tap) add(to *[]byte, b []byte) {
	t.mu.Lock()
	// What was handed out is not written to: appending goes past it.
	*to = append(*to, b[:min(len(b), tapMax-len(*to))]...)
	server, client := t.server, t.client
	t.mu.Unlock()
	t.heard(server, client)
}

// versionLine finds the identification string (RFC 4253 section 4.2), once its
// line is complete.
func versionLine(raw []byte) (string, bool) {
	for line := range bytes.Lines(raw) {
		if bytes.HasPrefix(line, []byte("SSH-")) && bytes.HasSuffix(line, []byte("\n")) {
			return strings.TrimRight(string(line), "\r\n"), true
		}
	}
	return "", false
}

// offerUses are the name lists of a KEXINIT packet, in their order.
var offerUses = [...]string{"key exchange", "host key", "cipher to server", "cipher from server", "mac to server", "mac from server"}

// parseOffer reads the name lists of the first KEXINIT (RFC 4253 section 7.1)
// in raw, which starts with the version exchange; nil where it is not complete.
func parseOffer(raw []byte) [][]string {
	rest := raw
	for {
		line, after, ok := bytes.Cut(rest, []byte("\n"))
		if !ok {
			return nil
		}
		rest = after
		if bytes.HasPrefix(line, []byte("SSH-")) {
			break
		}
	}
	const head = 4 + 1 + 1 + 16 // length, padding, message number, cookie
	if len(rest) < head || rest[5] != 20 {
		return nil
	}
	length := binary.BigEndian.Uint32(rest)
	if uint64(length)+4 > uint64(len(rest)) || length+4 < head {
		return nil
	}
	body := rest[head : 4+length]
	lists := make([][]string, len(offerUses))
	for i := range lists {
		if len(body) < 4 {
			return nil
		}
		n := binary.BigEndian.Uint32(body)
		if uint64(n)+4 > uint64(len(body)) {
			return nil
		}
		if n > 0 {
			lists[i] = strings.Split(printable(string(body[4:4+n])), ",")
		}
		body = body[4+n:]
	}
	return lists
}

// negotiate tells what comes of two offers: the first name of the client's that
// is the server's too (RFC 4253 section 7.1). A cipher that authenticates by
// itself needs no mac.
func negotiate(client, server [][]string) []Algorithm {
	if client == nil || server == nil {
		return nil
	}
	all := make([]Algorithm, len(offerUses))
	for i, use := range offerUses {
		a := Algorithm{Use: use, Client: withoutMarkers(client[i]), Server: withoutMarkers(server[i])}
		for _, name := range a.Client {
			if slices.Contains(a.Server, name) {
				a.Chosen = name
				break
			}
		}
		all[i] = a
	}
	for i := range all[4:] {
		if authenticates(all[2+i].Chosen) {
			all[4+i].Chosen = Implicit
		}
	}
	return all
}

// authenticates reports whether a cipher is an AEAD: RFC 5647 as OpenSSH uses
// it, and chacha20-poly1305.
func authenticates(cipher string) bool {
	return strings.Contains(cipher, "-gcm@") || strings.Contains(cipher, "poly1305")
}

// withoutMarkers drops the names that are no algorithms: RFC 8308 section 2.1,
// and OpenSSH's PROTOCOL section 1.10.
func withoutMarkers(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool {
		return strings.HasPrefix(n, "ext-info-") || strings.HasPrefix(n, "kex-strict-")
	})
}
