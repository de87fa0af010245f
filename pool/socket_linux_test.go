package pool_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"fleet/pool"
)

// connected is a connection as a pool uses it, and its other end.
func connected(t *testing.T) (near net.Conn, far *net.TCPConn) {
	t.Helper()
	ln := listen(t)
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	other, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = nc.Close()
		_ = other.Close()
		_ = ln.Close()
	})
	return pool.Direct(nc), other.(*net.TCPConn)
}

func TestASocketCarriesEveryByteBothWays(t *testing.T) {
	t.Parallel()
	near, far := connected(t)
	sent := make([]byte, 4<<20) // more than the buffers of the kernel take
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(sent)
	done := make(chan error, 2)
	go func() { // the other end says everything back
		_, err := io.Copy(far, io.LimitReader(far, int64(len(sent))))
		done <- errors.Join(err, far.CloseWrite())
	}()
	go func() {
		n, err := near.Write(sent)
		if n != len(sent) {
			t.Errorf("wrote %d bytes, want %d", n, len(sent))
		}
		done <- err
	}()
	got, err := io.ReadAll(near)
	for range cap(done) {
		err = errors.Join(err, <-done)
	}
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("got %d bytes back, the same: %v, error %v", len(got), bytes.Equal(got, sent), err)
	}
}

// What a socket says of its end is what package net says.
func TestASocketEndsAsOthersDo(t *testing.T) {
	t.Parallel()
	read := func(nc net.Conn) error {
		_, err := nc.Read(make([]byte, 1))
		return err
	}
	write := func(nc net.Conn) error {
		for {
			if _, err := nc.Write(make([]byte, 64<<10)); err != nil {
				return err
			}
		}
	}
	reset := func(_ net.Conn, far *net.TCPConn) { _ = far.SetLinger(0); _ = far.Close() }
	for _, test := range []struct {
		name string
		end  func(near net.Conn, far *net.TCPConn)
		do   func(net.Conn) error
		want error
		op   string
	}{
		{"read, closed by the other end", func(_ net.Conn, far *net.TCPConn) { _ = far.Close() }, read, io.EOF, ""},
		{"read, reset", reset, read, syscall.ECONNRESET, "read"},
		{"read, closed", func(near net.Conn, _ *net.TCPConn) { _ = near.Close() }, read, net.ErrClosed, "read"},
		{"read, out of time", func(near net.Conn, _ *net.TCPConn) { _ = near.SetDeadline(time.Unix(1, 0)) }, read, os.ErrDeadlineExceeded, "read"},
		{"write, closed", func(near net.Conn, _ *net.TCPConn) { _ = near.Close() }, write, net.ErrClosed, "write"},
		{"write, out of time", func(near net.Conn, _ *net.TCPConn) { _ = near.SetDeadline(time.Unix(1, 0)) }, write, os.ErrDeadlineExceeded, "write"},
		{"write, reset", func(near net.Conn, far *net.TCPConn) { reset(near, far); _ = read(near) }, write, syscall.EPIPE, "write"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			near, far := connected(t)
			test.end(near, far)
			err := test.do(near)
			op, _ := errors.AsType[*net.OpError](err)
			if !errors.Is(err, test.want) || test.op != "" && (op == nil || op.Op != test.op || op.Addr == nil) {
				t.Errorf("got %v, want %v of %q", err, test.want, test.op)
			}
		})
	}
}

// Closing unblocks who waits.
func TestClosingASocketEndsARead(t *testing.T) {
	t.Parallel()
	near, _ := connected(t)
	done := make(chan error, 1)
	go func() {
		_, err := near.Read(make([]byte, 1))
		done <- err
	}()
	_ = near.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
