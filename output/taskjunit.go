package output

import (
	"fmt"
	"strings"

	"fleet/event"
)

// printTasksJUnit prints a run of tasks: a test suite for each task, with a test
// case for each step on each host, and one suite for hosts that did not succeed
// for another reason than a step.
func printTasksJUnit(d *document, all []*result, tasks []*taskResult) {
	told := make(map[string]bool)
	d.text("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n")
	for _, t := range tasks {
		t.printJUnit(d, told)
	}
	var rest []*result
	for _, r := range all {
		if r.end.Outcome != event.OK && !told[r.host] {
			rest = append(rest, r)
		}
	}
	if len(rest) > 0 {
		counts := make(map[string]int)
		for _, r := range rest {
			counts[junitElement(r.end.Outcome)]++
		}
		d.text(fmt.Sprintf("<testsuite name=\"hosts\" %s>\n", junitCounts(len(rest), counts)))
		for _, r := range rest {
			r.printJUnit(d)
		}
		d.text("</testsuite>\n")
	}
	d.text("</testsuites>\n")
}

// printJUnit prints the suite of t, and notes in told which hosts failed in it.
func (t *taskResult) printJUnit(d *document, told map[string]bool) {
	n, counts := 0, make(map[string]int)
	for _, s := range t.steps {
		n += len(s.calls)
		for _, c := range s.calls {
			counts[c.junitElement()]++
		}
	}
	d.text(fmt.Sprintf("<testsuite name=\"%s\" %s time=\"%.3f\">\n", xmlText(t.name), junitCounts(n, counts), t.took.Seconds()))
	for _, s := range t.steps {
		for _, c := range s.calls {
			switch c.junitElement() {
			case "failure", "error":
				told[c.host] = true
			}
			c.printJUnit(d, t.name, stepName(s.section, s.name))
			if d.err == nil {
				d.err = d.spare()
			}
		}
	}
	d.text("</testsuite>\n")
}

func junitCounts(n int, elements map[string]int) string {
	return fmt.Sprintf(`tests="%d" failures="%d" errors="%d" skipped="%d"`,
		n, elements["failure"], elements["error"], elements["skipped"])
}

func (c *callResult) junitElement() string {
	switch {
	case c.ignored:
		return ""
	case c.outcome == event.Skipped:
		return "skipped"
	default:
		return junitElement(c.outcome)
	}
}

func (c *callResult) printJUnit(d *document, task, step string) {
	e := c.event()
	d.text(fmt.Sprintf("<testcase classname=\"%s\" name=\"%s\" time=\"%.3f\">\n",
		xmlText(task), xmlText(c.host+": "+step+callName(e)), c.took.Seconds()))
	switch element := c.junitElement(); element {
	case "":
	case "skipped":
		d.text(fmt.Sprintf("<skipped message=\"%s\"/>\n", xmlText(e.Reason)))
	default:
		text := e.Error
		if e.Hint != "" {
			text += "\nhint: " + e.Hint
		}
		d.text(fmt.Sprintf("<%s message=\"%s\" type=\"%s\">%s</%s>\n",
			element, xmlText(stepFailure(e)), xmlText(string(e.Outcome)), xmlText(strings.TrimSpace(text)), element))
	}
	out, err := c.places()
	d.xmlContent("system-out", out)
	d.xmlContent("system-err", err)
	d.text("</testcase>\n")
}
