package pool

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
)

func TestThePiecesOfAPacketAreJoined(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	nc = direct(nc)
	far, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	if newJoiner(nc, "chacha20-poly1305@openssh.com") != nil || newJoiner(nc, "aes128-ctr") != nil {
		t.Error("joined where pieces cannot be told from packets")
	}
	j := newJoiner(nc, "aes128-gcm@openssh.com")
	packet := func(n uint32) []byte { // of so many bytes in all, as x/crypto pads them
		p := bytes.Repeat([]byte{byte(n)}, int(n))
		binary.BigEndian.PutUint32(p, n-gcmOverhead)
		return p
	}
	var want []byte
	for _, n := range []uint32{36, 4084, 4100, 4116, 8196, 32804, 52, 32804, 4100} {
		p := packet(n)
		want = append(want, p...)
		for len(p) > 0 { // as a bufio.Writer does
			piece := p[:min(len(p), writeBuffer)]
			if len(p) < int(n) {
				piece = p
			}
			if m, err := j.Write(piece); m != len(piece) || err != nil {
				t.Fatal(m, err)
			}
			p = p[len(piece):]
		}
		if len(j.head) > 0 {
			t.Errorf("a packet of %d bytes is held back", n)
		}
	}
	// A full buffer that is no first piece: its length says so.
	odd := make([]byte, writeBuffer)
	binary.BigEndian.PutUint32(odd, writeBuffer-gcmOverhead)
	if _, err := j.Write(odd); err != nil || len(j.head) > 0 {
		t.Errorf("held back %d bytes, %v", len(j.head), err)
	}
	want = append(want, odd...)
	// A packet that another one follows waits for it, unless it comes in pieces.
	for _, pieces := range [][]int{{36}, {writeBuffer, 20}, {}} {
		waits := make(chan struct{})
		release := j.follow(waits)
		for _, n := range pieces {
			p := packet(4116)[:n]
			want = append(want, p...)
			if m, err := j.Write(p); m != n || err != nil {
				t.Fatal(m, err)
			}
		}
		if held := len(j.head) > 0; held != (len(pieces) == 1) {
			t.Errorf("%d pieces: held back %d bytes", len(pieces), len(j.head))
		}
		release()
		<-waits
		next := packet(52)
		want = append(want, next...)
		if m, err := j.Write(next); m != len(next) || err != nil || len(j.head) > 0 {
			t.Errorf("wrote %d, %v, and %d bytes are held back", m, err, len(j.head))
		}
	}
	_ = nc.Close()
	if got, err := io.ReadAll(far); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes of %d, %v", len(got), len(want), err)
	}
}
