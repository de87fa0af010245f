package bench

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// What a client asks of the service: one byte, and a number of bytes.
const (
	opSend    = 's' // the service sends them
	opReceive = 'r' // the service receives them, and then answers a byte
	opEcho    = 'e' // the service sends them back
)

// chunk is the size of one read or write of bulk.
const chunk = 256 << 10

// startService starts what the tunnels lead to, and returns its address.
func startService(b *testing.B) string {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { // ends with the listener
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { // ends with its client
				defer nc.Close()
				for serve(nc) == nil {
				}
			})
		}
	})
	b.Cleanup(func() {
		_ = ln.Close()
		serving.Wait()
	})
	return ln.Addr().String()
}

// serve does what is asked, one time.
func serve(nc net.Conn) error {
	var head [9]byte
	if _, err := io.ReadFull(nc, head[:]); err != nil {
		return err
	}
	n := int64(binary.BigEndian.Uint64(head[1:]))
	switch head[0] {
	case opSend:
		return send(nc, n)
	case opReceive:
		if err := receive(nc, n); err != nil {
			return err
		}
		_, err := nc.Write(head[:1])
		return err
	default:
		_, err := io.CopyN(nc, nc, n)
		return err
	}
}

func ask(nc net.Conn, op byte, n int64) error {
	_, err := nc.Write(binary.BigEndian.AppendUint64([]byte{op}, uint64(n)))
	return err
}

func send(w io.Writer, n int64) error {
	buf := make([]byte, chunk)
	for n > 0 {
		m, err := w.Write(buf[:min(n, chunk)])
		if err != nil {
			return err
		}
		n -= int64(m)
	}
	return nil
}

func receive(r io.Reader, n int64) error {
	buf := make([]byte, chunk)
	for n > 0 {
		m, err := r.Read(buf[:min(n, chunk)])
		if err != nil {
			return err
		}
		n -= int64(m)
	}
	return nil
}

// move moves n bytes through a tunnel: from the service, or to it.
func move(addr string, op byte, n int64) error {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer nc.Close()
	if err := ask(nc, op, n); err != nil {
		return err
	}
	if op == opSend {
		return receive(nc, n)
	}
	if err := send(nc, n); err != nil {
		return err
	}
	return receive(nc, 1)
}

// echo has the service repeat data, and compares.
func echo(nc net.Conn, data []byte) error {
	if err := ask(nc, opEcho, int64(len(data))); err != nil {
		return err
	}
	if _, err := nc.Write(data); err != nil {
		return err
	}
	got := make([]byte, len(data))
	if _, err := io.ReadFull(nc, got); err != nil {
		return err
	}
	if !bytes.Equal(got, data) {
		return errors.New("other bytes came back")
	}
	return nil
}

// echoes reports what keeps a new connection from working within limit.
func echoes(addr string, limit time.Duration) error {
	nc, err := net.DialTimeout("tcp", addr, limit)
	if err != nil {
		return err
	}
	defer nc.Close()
	if err := nc.SetDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	return echo(nc, []byte("are you there?"))
}

// pattern is n bytes that no other number has.
func pattern(number, n int) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "%08d", number), n/8)
}
