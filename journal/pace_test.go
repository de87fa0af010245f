package journal

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fleet/event"
)

func TestFsyncsAreBounded(t *testing.T) {
	for _, tt := range []struct {
		name    string
		every   time.Duration // how often there is an intent
		intents int           // that wait then
		atWork  int           // steps
		want    int           // fsyncs in ten seconds, within one
		longest time.Duration // that an intent waits
	}{
		{"a step a second", time.Second, 1, 1, 10, 0},
		{"as many as there may be", 5 * time.Millisecond, 1, 8, 2000, 0},
		{"more", time.Millisecond, 1, 8, 2000 + maxBurst, 5 * time.Millisecond},
		{"many, and some wait", time.Millisecond, 4, 1000, 2000 + maxBurst, 5 * time.Millisecond},
		{"many, and few wait", 4 * time.Millisecond, 3, 32, 500 + maxBurst/lonely, 20 * time.Millisecond},
		{"many, now and then", 20 * time.Millisecond, 1, 32, 500, 0},
		{"all the time", time.Microsecond, 1, 8, 2000 + maxBurst, 5 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p pace
			start := at(0)
			n, now, waits := 0, start, time.Duration(0)
			for now.Sub(start) < 10*time.Second {
				wait := p.wait(now, tt.intents, tt.atWork)
				waits = max(waits, wait)
				now = now.Add(wait)
				if again := p.wait(now, tt.intents, tt.atWork); again > 0 {
					t.Fatalf("after %v it is %v too early", wait, again)
				}
				p.spend(tt.intents, tt.atWork)
				n++
				now = now.Add(max(0, tt.every-wait))
			}
			if n < tt.want-1 || n > tt.want+1 || waits > tt.longest+2 {
				t.Errorf("%d fsyncs, want %d; the longest wait is %v, want %v", n, tt.want, waits, tt.longest)
			}
		})
	}
}

func TestIntentsThatKeepComingWaitALittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		w := onDisk(t, d, nil)
		start := time.Now()
		for i := range maxBurst + 10 {
			e := intent("a", fmt.Sprint(i))
			w.Emit(e)
			line, err := e.AppendJSON(nil)
			if err != nil || !d.survives(string(line)) {
				t.Errorf("intent %d is not on disk, %v", i, err)
			}
			w.Emit(&event.Event{Type: event.StepEnd, Host: "a", Step: e.Step, Attempt: 1})
		}
		if got := time.Since(start).Round(time.Millisecond); got != 50*time.Millisecond || d.syncs != maxBurst+10 {
			t.Errorf("they took %v, and %d fsyncs", got, d.syncs)
		}
		var group sync.WaitGroup
		group.Go(func() { w.Emit(intent("a", "last")) })
		synctest.Wait()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		group.Wait() // the end waits for nobody
		if d.synced != len(d.data) || time.Since(start).Round(time.Millisecond) != 50*time.Millisecond {
			t.Errorf("after %v, %d of %d bytes are on disk", time.Since(start), d.synced, len(d.data))
		}
	})
}
