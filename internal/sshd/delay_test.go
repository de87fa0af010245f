package sshd

import (
	"bytes"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

func TestDelayIsOneWayAndKeepsThroughput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		delayed := DelayConn(far, 50*time.Millisecond)
		begun := time.Now()
		data := bytes.Repeat([]byte("x"), 4<<20)
		go func() {
			_, _ = near.Write(data)
			_ = near.Close()
		}()
		got, err := io.ReadAll(delayed)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		if took := time.Since(begun); took != 50*time.Millisecond {
			t.Errorf("took %v, want 50ms for any amount", took)
		}
		if err := delayed.Close(); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second) // of the bubble: the closing is on its way too
	})
}

func TestDelayDeliversBeforeItCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		delayed := DelayConn(far, time.Second)
		if _, err := delayed.Write([]byte("last words")); err != nil {
			t.Fatal(err)
		}
		_ = delayed.Close()
		begun := time.Now()
		got, err := io.ReadAll(near)
		if err != nil || string(got) != "last words" {
			t.Errorf("got %q, %v", got, err)
		}
		if took := time.Since(begun); took != time.Second {
			t.Errorf("took %v, want 1s", took)
		}
	})
}
