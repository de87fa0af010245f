package output

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fleet/event"
	"fleet/internal/term"
)

// indent begins all but the first line of what is wrapped.
const indent = "    "

// put prints a line of fleet's own, in several lines where it is long.
func (r *taskRun) put(text string) {
	if !r.cfg.Quiet {
		r.screen.message(appendWrapped(nil, text, indent, r.cfg.Width()))
	}
}

// tell prints that something went wrong, in one line, also with Config.Quiet.
func (r *taskRun) tell(text string) {
	if r.cfg.Stderr.Color {
		text = "\x1b[31m" + text + resetColor
	}
	r.screen.message([]byte(text + "\n"))
}

func (r *taskRun) taskStart(e *event.Event) {
	text := "task " + term.Clean(e.Task) + ": " + plural(len(e.Hosts), "host")
	if e.Batches > 1 {
		text += fmt.Sprintf(" in %d batches", e.Batches)
	}
	r.put(text + ": " + r.fold(e.Hosts))
}

func (r *taskRun) batchStart(t *taskShow, e *event.Event) {
	if t.batches < 2 && !e.Canary {
		return
	}
	text := r.batchName(t, e.Batch)
	if e.Canary {
		text += " (canary)"
	}
	r.put(fmt.Sprintf("%s: %s: %s", text, plural(len(e.Hosts), "host"), r.fold(e.Hosts)))
}

func (r *taskRun) batchName(t *taskShow, n int) string {
	text := fmt.Sprintf("batch %d/%d", n, t.batches)
	if len(r.order) > 1 {
		text = "task " + term.Clean(t.name) + ", " + text
	}
	return text
}

func (r *taskRun) batchEnd(t *taskShow, e *event.Event) {
	if e.Outcome != event.Failed || r.cfg.Quiet || t.batches < 2 {
		return // the end of the task says it
	}
	t.why = e.Reason
	r.tell(r.batchName(t, e.Batch) + ": " + cmp.Or(term.Clean(e.Reason), "too many hosts failed") + r.sum.hint(e.Hint))
}

func (r *taskRun) taskEnd(e *event.Event) {
	text := "task " + term.Clean(e.Task) + ": "
	switch e.Outcome {
	case event.NotAttempted:
		text += "not carried out"
	case event.OK:
		text += "done in " + seconds(e.Duration)
	default:
		text += label(e.Outcome) + " after " + seconds(e.Duration)
	}
	if e.Reason != "" && e.Reason != r.task(e.Task).why {
		text += ": " + term.Clean(e.Reason)
	}
	r.put(text + r.sum.hint(e.Hint))
}

// stepName names a step of t: with several tasks, by both names.
func (r *taskRun) stepName(t *taskShow, s event.Section, name string) string {
	if len(r.order) > 1 {
		name = t.name + "." + name
	}
	return stepName(s, name)
}

func (r *taskRun) retry(e *event.Event) {
	if r.cfg.Verbose > 0 {
		name := r.stepName(r.task(e.Task), e.Section, e.Step) + callName(e)
		r.say(e.Host, fmt.Sprintf("%s: attempt %d: %s; the next in %s", name, e.Attempt, term.Clean(e.Error), seconds(e.Delay)))
	}
}

// failure tells at once that a step failed.
func (r *taskRun) failure(e *event.Event) {
	if f := fateOf(e); f < fateFailed {
		return
	}
	r.told[e.Host] = true
	name := r.stepName(r.task(e.Task), e.Section, e.Step) + callName(e)
	r.tell(fmt.Sprintf("%s: %s: %s%s", term.Clean(e.Host), name, stepFailure(e), r.sum.hint(e.Hint)))
}

// show prints how a step went in a batch, and forgets it.
func (r *taskRun) show(t *taskShow, b *batchShow, l *leg) {
	s := b.steps[l]
	if s == nil {
		return
	}
	delete(b.steps, l)
	s.fill(b.hosts)
	r.count(t, s)
	name := r.stepName(t, s.section, s.name)
	if text := s.line(len(b.hosts), r.fold); text != "" {
		r.put(name + ": " + text)
	}
	if s.store == nil {
		return
	}
	if err := r.showOutputs(s, name); err != nil && !r.screen.gone.Load() {
		r.screen.fail(fmt.Errorf("print results: %w", err))
	}
	if err := s.store.drop(); err != nil {
		r.screen.fail(fmt.Errorf("close gathered output: %w", err))
	}
}

// showOutputs prints what hosts printed in a step, and a rule below it: what
// follows is fleet's own again.
func (r *taskRun) showOutputs(s *stepShow, name string) error {
	p := pages{core: r.core, store: s.store, bare: r.cfg.NoPrefix}
	groups, show := s.groups(name, r.cfg.Verbose > 0 || r.cfg.Outputs != FailedOutputs), p.printAll
	if r.cfg.Outputs == DiffOutputs {
		show = p.printDifferences
	}
	if err := show(groups); err != nil || len(groups) == 0 || p.bare {
		return err
	}
	if last := groups[len(groups)-1]; last.err.length() == 0 {
		r.screen.stdout([]byte(rule))
	} else {
		r.screen.message([]byte(rule))
	}
	return nil
}

// line says how a step went on a batch of so many hosts: how many have each
// fate, and who they are unless they are most. Empty where nothing ended.
func (s *stepShow) line(size int, fold func([]string) string) string {
	slices.SortStableFunc(s.bunches, func(a, b bunch) int {
		if x, y := slices.Index(shownFates[:], a.fate), slices.Index(shownFates[:], b.fate); x != y {
			return x - y
		}
		return len(b.hosts) - len(a.hosts)
	})
	var text strings.Builder
	separator := ""
	for i := range s.bunches {
		b := &s.bunches[i]
		if i == maxCauses {
			text.WriteString("; others: " + fold(hostsOf(s.bunches[i:])))
			break
		}
		text.WriteString(separator)
		if size > 1 {
			text.WriteString(strconv.Itoa(len(b.hosts)) + " ")
		}
		text.WriteString(b.fate.String())
		if b.text != "" {
			text.WriteString(" (" + b.text + ")")
		}
		if separator = ", "; !b.common(size) {
			text.WriteString(": " + fold(b.hosts))
			separator = "; "
		}
	}
	return text.String()
}

// common tells whether b is so much of a batch of so many hosts that there is no
// need to name them.
func (b *bunch) common(size int) bool {
	return len(b.hosts) == size || 2*len(b.hosts) > size && b.fate < fateIgnored
}

func hostsOf(bunches []bunch) []string {
	var hosts []string
	for _, b := range bunches {
		hosts = append(hosts, b.hosts...)
	}
	return hosts
}
