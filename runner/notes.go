package runner

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"fleet/event"
)

// note says for people why nothing happens in the task for a while.
func (t *taskRun) note(text string) {
	t.emit(&event.Event{Type: event.Note, Level: "info", Message: t.plan.Name + ": " + text})
}

// tellHealthyTime tells of min_healthy_time when the first host has come there.
func (b *batchRun) tellHealthyTime() {
	b.waits.Do(func() {
		what := "it counts"
		if len(b.task.plan.Batches) > 1 {
			what = fmt.Sprintf("batch %d counts", b.n)
		}
		b.task.note(fmt.Sprintf("waits %s before %s as healthy", span(b.task.plan.Rollout.MinHealthyTime), what))
	})
}

// slowLock is the time after which a person wants to know why nothing begins.
const slowLock = 5 * time.Second

// tellSlowLock tells of the lock where it is still not taken on all hosts after
// a while. The function that it returns ends that.
func (t *taskRun) tellSlowLock(hosts int) (end func()) {
	taken := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() { // ends with taken
		timer := time.NewTimer(slowLock)
		defer timer.Stop()
		select {
		case <-timer.C:
			where := "1 host"
			if hosts > 1 {
				where = fmt.Sprintf("%d hosts", hosts)
			}
			t.note(fmt.Sprintf("waits until the lock %q is taken on %s", t.plan.Lock, where))
		case <-taken:
		}
	})
	return func() {
		close(taken)
		group.Wait()
	}
}

// span is d as people write it: "1m" and not "1m0s".
func span(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// aside takes the hint, which stands at the end of messages, out of what e says.
func aside(e *event.Event) {
	for _, text := range []*string{&e.Reason, &e.Error} {
		before, hint, found := strings.Cut(*text, "; hint: ")
		if !found && strings.HasSuffix(*text, ")") {
			before, hint, found = strings.Cut(strings.TrimSuffix(*text, ")"), " (hint: ")
		}
		if found {
			*text = before
			if e.Hint == "" {
				e.Hint = hint
			}
		}
	}
}
