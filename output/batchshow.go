package output

import (
	"maps"
	"slices"

	"fleet/event"
)

// A batchShow is a batch that has not ended.
type batchShow struct {
	hosts  []string
	course *course
	steps  map[*leg]*stepShow
}

func newBatchShow(hosts []string) *batchShow {
	return &batchShow{hosts: hosts, course: newCourse(hosts), steps: make(map[*leg]*stepShow)}
}

// batch is the one of e, an event of a step. A once step of always comes when all
// batches have ended: it is shown by itself.
func (t *taskShow) batch(e *event.Event) *batchShow {
	if b := t.open[e.Batch]; b != nil || e.Section != event.Always {
		return b
	}
	b := t.late[e.Host]
	if b == nil {
		b = newBatchShow([]string{e.Host})
		t.late[e.Host] = b
	}
	return b
}

// closeBatch shows what is left of a batch.
func (r *taskRun) closeBatch(t *taskShow, n int) {
	if b := t.open[n]; b != nil {
		r.showAll(t, b)
		delete(t.open, n)
	}
}

func (r *taskRun) closeLate(t *taskShow, host string) {
	if b := t.late[host]; b != nil {
		r.showAll(t, b)
		delete(t.late, host)
	}
}

func (r *taskRun) showAll(t *taskShow, b *batchShow) {
	for _, l := range b.course.legs {
		r.show(t, b, l)
	}
}

func (r *taskRun) closeTask(t *taskShow) {
	for n := range t.batches {
		r.closeBatch(t, n+1)
	}
	for _, host := range slices.Sorted(maps.Keys(t.late)) {
		r.closeLate(t, host)
	}
}
