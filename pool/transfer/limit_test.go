package transfer

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestLimiterHoldsTheRateOverAllWhoShareIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1 << 20)
		begin := time.Now()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for sent := 0; sent < 1<<20; sent += 32 << 10 {
					if err := l.wait(t.Context(), 32<<10); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if took := time.Since(begin); took < 7900*time.Millisecond || took > 8100*time.Millisecond {
			t.Errorf("8 MiB at 1 MiB/s took %v", took)
		}
	})
}

func TestLimiterDoesNotSaveUpWhatNobodyUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1000)
		time.Sleep(time.Hour)
		begin := time.Now()
		for range 11 {
			if err := l.wait(t.Context(), 1000); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begin); took < 9*time.Second {
			t.Errorf("after an idle hour, 11 s worth of bytes went in %v", took)
		}
	})
}

func TestLimiterGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1)
		if err := l.wait(t.Context(), 3600); err != nil {
			t.Fatal(err)
		}
		stop := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(stop) })
		begin := time.Now()
		if err := l.wait(ctx, 3600); !errors.Is(err, stop) {
			t.Errorf("got %v, want the cause", err)
		}
		if took := time.Since(begin); took != time.Second {
			t.Errorf("it took %v to give up", took)
		}
		// What was not sent costs nobody else anything.
		if err := l.wait(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took > time.Hour {
			t.Errorf("the next one waited for %v", took)
		}
	})
}

func TestLimiterSendsLittleAtATimeAtALowRate(t *testing.T) {
	for _, c := range []struct{ rate, want int64 }{{16, 2}, {1 << 20, 65537}, {1 << 40, 255 << 10}, {0, 255 << 10}} {
		if got := NewLimiter(c.rate).piece(255 << 10); int64(got) != c.want {
			t.Errorf("at %d B/s: pieces of %d, want %d", c.rate, got, c.want)
		}
	}
	if err := (*Limiter)(nil).wait(t.Context(), 1<<40); err != nil {
		t.Error(err)
	}
}
