package tunnel

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

func TestAHeldConnectionIsReadALittleAndGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, client := net.Pipe()
		defer near.Close()
		h := hold(t.Context(), near)
		go func() { // ends with the last byte, or with client
			_, _ = client.Write(make([]byte, 2*aheadMax))
			_ = client.Close()
		}()
		time.Sleep(time.Hour)
		if h.ctx.Err() != nil {
			t.Error("a client that has more to say was given up")
		}
		ahead := h.release()
		rest, err := io.ReadAll(near)
		if err != nil || len(ahead) != aheadMax || len(rest) != aheadMax {
			t.Errorf("got %d bytes ahead, %d later, %v", len(ahead), len(rest), err)
		}
	})
}

func TestAClientThatSendsNoMoreIsHeldForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, client := net.Pipe()
		defer near.Close()
		_ = client.Close()
		h := hold(t.Context(), near)
		time.Sleep(halfClosedWait - time.Second)
		if h.ctx.Err() != nil {
			t.Error("it was given up at once")
		}
		time.Sleep(2 * time.Second)
		if !errors.Is(context.Cause(h.ctx), errGaveUp) {
			t.Errorf("got %v", context.Cause(h.ctx))
		}
		h.release()
	})
}
