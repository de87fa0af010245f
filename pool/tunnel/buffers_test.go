package tunnel

import (
	"bytes"
	"io"
	"net"
	"sync/atomic"
	"testing"
)

// A collector notes what is written to it.
type collector struct {
	net.Conn
	all   bytes.Buffer
	sizes []int
}

func (c *collector) Write(p []byte) (int, error) {
	c.sizes = append(c.sizes, len(p))
	return c.all.Write(p)
}

// socketPair is both ends of a TCP connection of this machine.
func socketPair(t *testing.T) (near, far net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if far, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	if near, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = near.Close() })
	return near, far
}

// plain hides what conn is, so that it is read as a channel is.
type plain struct{ net.Conn }

func TestAllBytesAreCopiedAndAllBuffersGivenBack(t *testing.T) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"socket":  func(nc net.Conn) net.Conn { return nc },
		"channel": func(nc net.Conn) net.Conn { return plain{nc} },
	} {
		for _, size := range []int{0, 1, firstWords, firstWords * 4, 3 << 20} {
			near, far := socketPair(t)
			want := bytes.Repeat([]byte("0123456789abcdef!"), size/17+1)[:size]
			go func() { // ends with the write, which is read to its end
				_, _ = io.Copy(far, bytes.NewReader(want))
				_ = far.Close()
			}()
			var b buffers
			var moved atomic.Int64
			got := new(collector)
			if err := b.copy(got, wrap(near), &moved); err != nil {
				t.Errorf("%s, %d bytes: %v", name, size, err)
			}
			if !bytes.Equal(got.all.Bytes(), want) || moved.Load() != int64(size) {
				t.Errorf("%s, %d bytes: %d arrived, %d were counted", name, size, got.all.Len(), moved.Load())
			}
			if kept := b.kept.Load(); kept != 0 {
				t.Errorf("%s, %d bytes: %d huge buffers are lent at the end", name, size, kept)
			}
		}
	}
}

// firstWords is what a connection may say in small packets.
const firstWords = 16 << 10

func TestWordsGoInSmallPackets(t *testing.T) {
	near, far := socketPair(t)
	if rawSocket(near) == nil {
		return // read as channels are
	}
	go func() { // ends with the write, which is read to its end
		_, _ = far.Write(make([]byte, firstWords))
		_ = far.Close()
	}()
	var b buffers
	var moved atomic.Int64
	got := new(collector)
	if err := b.copy(got, near, &moved); err != nil {
		t.Fatal(err)
	}
	for _, n := range got.sizes {
		if n > 4<<10 {
			t.Errorf("a write of %d bytes: the channel keeps a packet of that size", n)
		}
	}
}

func TestFewDirectionsHaveHugeBuffers(t *testing.T) {
	var b buffers
	lent := make([]*[hugeBuffer]byte, 0, keepers)
	for range keepers {
		lent = append(lent, b.getHuge())
	}
	if b.getHuge() != nil {
		t.Errorf("more than %d huge buffers are lent", keepers)
	}
	for _, buf := range lent {
		b.putHuge(buf)
	}
	if b.getHuge() == nil {
		t.Error("none is lent again")
	}
}
