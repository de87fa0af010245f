package output

import (
	"fmt"
	"strings"
	"time"

	"fleet/event"
)

// A taskPlay makes the events of a run of tasks, told in short. Each event is a
// second after the one before.
type taskPlay struct {
	script
	now   time.Time
	task  string
	batch int
	part  event.Section
	on    string
	key   string
	bad   map[string]event.Event // the host_end of hosts that did not succeed
	took  time.Duration
}

func newTaskPlay(hosts ...string) *taskPlay {
	p := &taskPlay{now: start, part: event.Steps, bad: make(map[string]event.Event)}
	p.add(event.Event{Type: event.RunStart, Hosts: hosts, Command: "deploy", Fanout: 64})
	return p
}

func (p *taskPlay) add(e event.Event) {
	e.Time = p.now
	p.now = p.now.Add(time.Second)
	p.script = append(p.script, e)
}

func (p *taskPlay) begin(task string, batches int, hosts ...string) {
	p.task = task
	p.add(event.Event{Type: event.TaskStart, Task: task, Batches: batches, Hosts: hosts})
}

func (p *taskPlay) next(canary bool, hosts ...string) {
	p.batch, p.part = p.batch+1, event.Steps
	p.add(event.Event{Type: event.BatchStart, Task: p.task, Batch: p.batch, Hosts: hosts, Canary: canary})
}

func (p *taskPlay) over(o event.Outcome) {
	e := event.Event{Type: event.BatchEnd, Task: p.task, Batch: p.batch, Outcome: o}
	if o == event.Failed {
		e.Reason = "1 host failed, and max_failures is 0"
	}
	p.add(e)
}

func (p *taskPlay) done(o event.Outcome, reason string) {
	p.add(event.Event{Type: event.TaskEnd, Task: p.task, Outcome: o, Reason: reason, Duration: 90 * time.Second})
	p.batch = 0
}

// section calls fn with all steps in another section than steps.
func (p *taskPlay) section(s event.Section, fn func()) {
	p.part = s
	fn()
	p.part = event.Steps
}

func (p *taskPlay) event(kind event.Type, host, step string) event.Event {
	return event.Event{Type: kind, Task: p.task, Batch: p.batch, Section: p.part, Step: step, Host: host, Key: p.key, On: p.on}
}

func (p *taskPlay) send(host, step string) { p.add(p.event(event.StepStart, host, step)) }

func (p *taskPlay) print(host, step string, s event.Stream, text string) {
	e := p.event(event.Output, host, step)
	e.Stream, e.Data = s, []byte(text)
	p.add(e)
}

func (p *taskPlay) end(host, step string, change func(*event.Event)) {
	e := p.event(event.StepEnd, host, step)
	e.Outcome, e.Attempt, e.Changed, e.Duration = event.OK, 1, true, p.took
	if change != nil {
		change(&e)
	}
	p.add(e)
}

// do is a step that goes well on hosts, one after the other.
func (p *taskPlay) do(step string, hosts ...string) {
	for i, h := range hosts {
		p.took = time.Duration(i+1) * 250 * time.Millisecond
		p.send(h, step)
		p.end(h, step, nil)
	}
}

func skip(reason string) func(*event.Event) {
	return func(e *event.Event) {
		e.Outcome, e.Status, e.Reason, e.Attempt, e.Changed = event.Skipped, -1, reason, 0, false
	}
}

func fail(status, attempts int) func(*event.Event) {
	return func(e *event.Event) {
		e.Outcome, e.Status, e.Attempt, e.Changed = event.Failed, status, attempts, false
	}
}

// finish ends all hosts and the run.
func (p *taskPlay) finish(why event.Why) script {
	counts := make(map[event.Outcome]int)
	for _, h := range p.script[0].Hosts {
		e, bad := p.bad[h]
		if !bad {
			e = event.Event{Outcome: event.OK}
		}
		e.Type, e.Host = event.HostEnd, h
		counts[e.Outcome]++
		p.add(e)
	}
	p.add(event.Event{Type: event.RunEnd, Summary: &event.Summary{Counts: counts, Why: why}, Duration: 90 * time.Second})
	return p.script
}

func (p *taskPlay) failedHost(host, step string, status int) {
	p.bad[host] = event.Event{Outcome: event.Failed, Status: status, Error: fmt.Sprintf("step %s: exit status %d", step, status)}
}

// webs are web01, web02...
func webs(from, to int) (names []string) {
	for i := from; i <= to; i++ {
		names = append(names, fmt.Sprintf("web%02d", i))
	}
	return names
}

// rollout is a rolling update of 24 hosts behind two load balancers, whose
// second batch uses up the budget.
func rollout() script {
	all := webs(1, 24)
	p := newTaskPlay(all...)
	p.begin("deploy", 4, all...)
	drain := func(step string, hosts []string) {
		for _, h := range hosts {
			for _, lb := range []string{"lb1", "lb2"} {
				p.on = lb
				p.do(step, h)
			}
		}
		p.on = ""
	}
	batch := func(canary bool, hosts []string, ill string) {
		p.next(canary, hosts...)
		drain("drain", hosts)
		for i, h := range hosts {
			if i%5 == 3 {
				p.end(h, "unpack", skip("creates /opt/app/releases/7 exists"))
				continue
			}
			p.do("unpack", h)
		}
		for _, h := range hosts {
			p.end(h, "announce", skip("when is false"))
		}
		for i, h := range hosts {
			p.took = time.Duration(2+i%3) * time.Second
			p.send(h, "healthy")
			if h != ill {
				p.print(h, "healthy", event.Stdout, "ready\n")
				p.end(h, "healthy", func(e *event.Event) { e.Changed = false })
				continue
			}
			for range 2 {
				e := p.event(event.StepRetry, h, "healthy")
				e.Attempt, e.Error, e.Delay = 1, "exit status 22", 5*time.Second
				p.print(h, "healthy", event.Stderr, "curl: (22) The requested URL returned error: 503\n")
				p.add(e)
			}
			p.print(h, "healthy", event.Stdout, "starting\n")
			p.print(h, "healthy", event.Stderr, "curl: (22) The requested URL returned error: 503\n")
			p.end(h, "healthy", fail(22, 3))
			p.failedHost(h, "healthy", 22)
		}
		p.section(event.Handlers, func() {
			for _, h := range hosts {
				if h != ill {
					p.do("restart", h)
				}
			}
		})
		if ill != "" {
			p.section(event.OnFailure, func() {
				p.on = "local"
				p.do("report", ill)
				p.on = ""
			})
		}
		p.section(event.Always, func() { drain("undrain", hosts) })
	}
	batch(true, all[:1], "")
	p.over(event.OK)
	batch(false, all[1:11], "web07")
	p.over(event.Failed)
	p.done(event.Failed, "")
	for _, h := range all[11:] {
		p.bad[h] = event.Event{Outcome: event.NotAttempted, Status: -1}
	}
	return p.finish(event.Threshold)
}

// foldNumbers stands for the real thing: web[01-03,05],db1.
func foldNumbers(hosts []string) string {
	var parts []string
	var prefix string
	var ranges []string
	from, to := "", ""
	number := func(s string) (n int) { _, _ = fmt.Sscanf(s, "%d", &n); return n }
	flushRange := func() {
		switch from {
		case "":
		case to:
			ranges = append(ranges, from)
		default:
			ranges = append(ranges, from+"-"+to)
		}
		from = ""
	}
	flush := func() {
		flushRange()
		switch {
		case len(ranges) == 1 && !strings.Contains(ranges[0], "-"):
			parts = append(parts, prefix+ranges[0])
		case len(ranges) > 0:
			parts = append(parts, prefix+"["+strings.Join(ranges, ",")+"]")
		}
		ranges = nil
	}
	for _, h := range hosts {
		bare := strings.TrimRight(h, "0123456789")
		digits := h[len(bare):]
		if bare != prefix {
			flush()
			prefix = bare
		}
		switch {
		case digits == "":
			flush()
			parts, prefix = append(parts, h), ""
		case from != "" && number(digits) == number(to)+1:
			to = digits
		default:
			flushRange()
			from, to = digits, digits
		}
	}
	flush()
	return strings.Join(parts, ",")
}
