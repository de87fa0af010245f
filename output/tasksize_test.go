package output

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"

	"fleet/event"
)

// heap is what is in use, in bytes.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// walk sends steps to all hosts, but not to the last one: all of them stay open.
func walk(r Renderer, task string, hosts, steps int, text string) {
	names := make([]string, hosts)
	for i := range names {
		names[i] = fmt.Sprintf("node%04d", i)
	}
	emit := func(e event.Event) { e.Time = start; r.Emit(&e) }
	emit(event.Event{Type: event.RunStart, Hosts: names})
	emit(event.Event{Type: event.TaskStart, Task: task, Batches: 1, Hosts: names})
	emit(event.Event{Type: event.BatchStart, Task: task, Batch: 1, Hosts: names})
	for s := range steps {
		step := fmt.Sprintf("step%d", s)
		for _, h := range names[1:] {
			e := event.Event{Type: event.StepStart, Task: task, Batch: 1, Section: event.Steps, Step: step, Host: h}
			emit(e)
			if text != "" {
				e.Type, e.Stream, e.Data = event.Output, event.Stdout, []byte(text)
				emit(e)
				e.Data = nil
			}
			e.Type, e.Outcome, e.Attempt, e.Changed = event.StepEnd, event.OK, 1, true
			emit(e)
		}
	}
}

func TestStepsWithoutOutputTakeLittleMemory(t *testing.T) {
	const hosts, steps = 1000, 20
	for _, tt := range []struct {
		name string
		with func(Config) Renderer
		most int64 // bytes for a host and step
	}{{"text", NewTasks, 64}, {"json", NewJSON, 320}, {"jsonl", NewJSONL, 64}} {
		t.Run(tt.name, func(t *testing.T) {
			before := heap()
			r := tt.with(Config{})
			walk(r, "t", hosts, steps, "")
			per := (heap() - before) / (hosts * steps)
			t.Logf("%d bytes for a host and step", per)
			if per > tt.most {
				t.Errorf("%d bytes for a host and step, more than %d", per, tt.most)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestOutputOfOpenStepsSharesOneBound(t *testing.T) {
	const memory = 1 << 20
	before := heap()
	r := NewTasks(Config{Memory: memory, TempDir: t.TempDir(), OnWriteError: func(err error) { t.Error(err) }})
	for i := range 4 { // 16 MB in 4 x 4 steps that all stay open
		walk(r, fmt.Sprint(i), 5, 4, strings.Repeat(fmt.Sprint(i), 1<<20))
	}
	if used := heap() - before; used > memory+maxFree*blockSize+1<<20 {
		t.Errorf("%d kB are in use", used>>10)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if used := r.(*taskRun).room.used.Load(); used != 0 {
		t.Errorf("%d bytes are still accounted for", used)
	}
}

func TestManyHostsWalkAtOnce(t *testing.T) {
	const hosts, steps = 50, 10
	var names []string
	for i := range hosts {
		names = append(names, fmt.Sprintf("n%02d", i))
	}
	for name, with := range map[string]func(Config) Renderer{"text": NewTasks, "json": NewJSON, "jsonl": NewJSONL, "junit": NewJUnit} {
		t.Run(name, func(t *testing.T) {
			var text bytes.Buffer
			r := with(Config{
				Stdout: Dest{Writer: io.Discard}, Stderr: Dest{Writer: &text}, Fold: foldNumbers,
				Verbose: 1, Live: true, TempDir: t.TempDir(), Memory: 1 << 10,
			})
			s := newTaskPlay(names...)
			s.begin("t", 1, names...)
			s.next(false, names...)
			s.play(r)
			var group sync.WaitGroup
			for _, h := range names {
				group.Go(func() {
					p := *s
					p.script = nil
					for i := range steps {
						p.send(h, fmt.Sprint(i))
						p.print(h, fmt.Sprint(i), event.Stdout, strings.Repeat(h, 100)+"\n")
						p.end(h, fmt.Sprint(i), nil)
					}
					p.play(r)
				})
			}
			group.Wait()
			s.script = s.script[:1]
			s.over(event.OK)
			s.done(event.OK, "")
			s.finish(event.Completed)[1:].play(r)
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if name == "text" && !strings.Contains(text.String(), "step 9: 50 changed\n") {
				t.Error(text.String())
			}
		})
	}
}

func BenchmarkTasksWithoutOutput(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		r := NewTasks(Config{})
		walk(r, "t", 50, 10, "")
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
