package pool_test

import (
	"io"
	"testing"
	"testing/synctest"

	"fleet/pool"
)

// Only who waits for more, or an end, tells whether a channel ended alone.
func TestTheEndOfAChannelIsToldFromThatOfItsConnection(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		then func(l *pool.Life, done chan struct{})
		want bool
	}{
		{"the server is asked for more", func(l *pool.Life, _ chan struct{}) { l.Ask() }, true},
		{"the server is read from again later", func(l *pool.Life, _ chan struct{}) { l.Told(nil); l.Ask() }, true},
		{"a read fails", func(l *pool.Life, _ chan struct{}) { l.Told(io.EOF) }, false},
		{"the connection is closed", func(l *pool.Life, _ chan struct{}) { l.End() }, false},
		{"nobody wants to know", func(_ *pool.Life, done chan struct{}) { close(done) }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, done, got := new(pool.Life), make(chan struct{}), make(chan bool, 1)
				l.Ask()
				l.Told(nil) // its last packet is in what came
				go func() { got <- l.GoesOn(done) }()
				synctest.Wait()
				select {
				case <-got:
					t.Fatal("it was told too early")
				default:
				}
				test.then(l, done)
				if goesOn := <-got; goesOn != test.want {
					t.Errorf("goes on: %t, want %t", goesOn, test.want)
				}
			})
		})
	}
}
