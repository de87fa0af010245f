package output

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"fleet/event"
)

// NewJUnit returns a renderer that prints a JUnit report at the end of the run:
// one test suite, one test case a host. A host that failed is a failure, one
// that was unreachable or whose end is unknown an error, one whose turn never
// came is skipped.
func NewJUnit(cfg Config) Renderer {
	c := newCollector(cfg)
	c.show = func(all []*result, end *event.Event) error {
		d := newDocument(&c.pages, xmlEscape)
		if tasks := c.results.tasks.done(); tasks != nil {
			printTasksJUnit(d, all, tasks)
		} else {
			printJUnit(d, all, end)
		}
		return d.flush()
	}
	return c
}

func printJUnit(d *document, all []*result, end *event.Event) {
	elements := make(map[string]int)
	for _, r := range all {
		elements[junitElement(r.end.Outcome)]++
	}
	attrs := `name="fleet" ` + junitCounts(len(all), elements)
	if end != nil {
		attrs += fmt.Sprintf(` time="%.3f"`, end.Duration.Seconds())
	}
	d.text("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite " + attrs + ">\n")
	for _, r := range all {
		r.printJUnit(d)
	}
	d.text("</testsuite>\n</testsuites>\n")
}

// junitElement is the element that says how a test case ended; empty for
// success.
func junitElement(o event.Outcome) string {
	switch o {
	case event.OK:
		return ""
	case event.Failed, event.Timeout:
		return "failure"
	case event.NotAttempted:
		return "skipped"
	default:
		return "error"
	}
}

func (r *result) printJUnit(d *document) {
	e := r.end
	d.text(fmt.Sprintf("<testcase classname=\"fleet\" name=\"%s\" time=\"%.3f\">\n", xmlText(r.host), e.Duration.Seconds()))
	switch element := junitElement(e.Outcome); element {
	case "":
	case "skipped":
		d.text("<skipped/>\n")
	default:
		text := e.Error
		if e.Hint != "" {
			text += "\nhint: " + e.Hint
		}
		d.text(fmt.Sprintf("<%s message=\"%s\" type=\"%s\">%s</%s>\n",
			element, xmlText(long(e)), xmlText(string(e.Outcome)), xmlText(strings.TrimSpace(text)), element))
	}
	d.xmlContent("system-out", r.out.place())
	d.xmlContent("system-err", r.err.place())
	d.text("</testcase>\n")
}

func (d *document) xmlContent(element string, p place) {
	if p.length() == 0 {
		return
	}
	d.text("<" + element + ">")
	var begun []byte
	d.each(p, func(piece []byte) error {
		piece = append(begun, piece...)
		n := len(piece) - unfinished(piece)
		d.buf = appendXMLText(d.buf, piece[:n])
		begun = append([]byte(nil), piece[n:]...)
		return d.spare()
	})
	d.buf = appendXMLText(d.buf, begun)
	d.text("</" + element + ">\n")
}

func xmlText(s string) string { return string(appendXMLText(nil, []byte(s))) }

// appendXMLText appends p escaped for text and attributes. What XML 1.0 has no
// way to say (section 2.2: most controls, bytes that are not UTF-8) becomes
// U+FFFD.
func appendXMLText(dst, p []byte) []byte {
	for len(p) > 0 {
		r, n := rune(p[0]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(p)
		}
		switch {
		case r == '&':
			dst = append(dst, "&amp;"...)
		case r == '<':
			dst = append(dst, "&lt;"...)
		case r == '>':
			dst = append(dst, "&gt;"...)
		case r == '"':
			dst = append(dst, "&#34;"...)
		case r == '\r':
			dst = append(dst, "&#xD;"...)
		case r < 0x20 && r != '\n' && r != '\t', r == 0xfffe, r == 0xffff:
			dst = append(dst, "\ufffd"...)
		default:
			dst = utf8.AppendRune(dst, r)
		}
		p = p[n:]
	}
	return dst
}
