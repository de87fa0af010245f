package output

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"fleet/event"
)

// NewJSON returns a renderer that prints one JSON object at the end of the run:
// hosts in selection order with their output, and a summary. In a run of tasks
// the output is with the steps of each task.
func NewJSON(cfg Config) Renderer {
	c := newCollector(cfg)
	c.show = func(all []*result, end *event.Event) error {
		d := newDocument(&c.pages, jsonEscape)
		printJSON(d, all, c.results.tasks.done(), summaryOf(c, all, end))
		return d.flush()
	}
	return c
}

// summaryOf is the summary of the run, or what is known of one that ended
// without saying so.
func summaryOf(c *collector, all []*result, end *event.Event) *event.Summary {
	if end != nil && end.Summary != nil {
		return end.Summary
	}
	s := c.sum.tally.Summary(event.Aborted)
	clear(s.Counts)
	for _, r := range all {
		s.Counts[r.end.Outcome]++
	}
	return s
}

func printJSON(d *document, all []*result, tasks []*taskResult, sums *event.Summary) {
	d.text(`{"hosts":[`)
	for i, r := range all {
		if i > 0 {
			d.text(",")
		}
		d.text("\n")
		r.printJSON(d, tasks == nil)
	}
	d.text("\n],")
	if tasks != nil {
		printTasksJSON(d, tasks)
	}
	d.text("\"summary\":")
	b, err := json.Marshal(sums.Wire())
	if err != nil {
		d.err = err
		return
	}
	d.text(string(b) + "}\n")
}

func (r *result) printJSON(d *document, output bool) {
	d.bytes(appendJSONString([]byte(`{"host":`), r.host))
	d.bytes(appendEndJSON([]byte(","), r.end))
	if r.end.Changed {
		d.text(`,"changed":true`)
	}
	d.bytes(appendTransferJSON(nil, r.end))
	if output {
		d.jsonContent("stdout", r.out.place())
		d.jsonContent("stderr", r.err.place())
	}
	d.bytes(append(appendDurationJSON(nil, r.end.Duration), '}'))
}

// appendEndJSON appends how a host or a step ended.
func appendEndJSON(b []byte, e *event.Event) []byte {
	b = appendJSONString(append(b, `"outcome":`...), string(e.Outcome))
	b = append(b, `,"status":`...)
	if e.Status >= 0 {
		b = strconv.AppendInt(b, int64(e.Status), 10)
	} else {
		b = append(b, "null"...)
	}
	b = appendJSONString(append(b, `,"signal":`...), e.Signal)
	b = appendJSONString(append(b, `,"error":`...), e.Error)
	if e.Kind != "" {
		b = appendJSONString(append(b, `,"kind":`...), e.Kind)
	}
	if e.Hint != "" {
		b = appendJSONString(append(b, `,"hint":`...), e.Hint)
	}
	return b
}

// appendTransferJSON appends how much of files was transferred, where some was.
func appendTransferJSON(b []byte, e *event.Event) []byte {
	if e.Files != 0 {
		b = strconv.AppendInt(append(b, `,"files":`...), int64(e.Files), 10)
	}
	if e.Bytes != 0 {
		b = strconv.AppendInt(append(b, `,"bytes":`...), e.Bytes, 10)
	}
	return b
}

func appendDurationJSON(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(append(b, `,"duration_ms":`...), event.Milliseconds(d), 'f', -1, 64)
}

// jsonContent prints output as a string, or as base64 if it is not UTF-8,
// without ever holding all of it.
func (d *document) jsonContent(name string, p place) {
	switch {
	case d.err != nil:
	case d.isText(p):
		d.text(`,"` + name + `":"`)
		d.each(p, func(piece []byte) error {
			d.buf = appendJSONText(d.buf, piece)
			return d.spare()
		})
		d.text(`"`)
	default:
		d.text(`,"` + name + `_base64":"`)
		enc := base64.NewEncoder(base64.StdEncoding, d)
		d.each(p, func(piece []byte) error {
			_, err := enc.Write(piece)
			return err
		})
		if err := enc.Close(); err != nil && d.err == nil {
			d.err = err
		}
		d.text(`"`)
	}
	if p.cut {
		d.text(`,"` + name + `_truncated":true`)
	}
}

// isText tells whether the content at p is UTF-8. Hosts often share it, so the
// last answer is kept.
func (d *document) isText(p place) bool {
	if d.known && d.checked == p {
		return d.wasText
	}
	var begun []byte
	ok := true
	d.each(p, func(piece []byte) error {
		for len(begun) > 0 && len(piece) > 0 && !utf8.FullRune(begun) {
			begun, piece = append(begun, piece[0]), piece[1:]
		}
		ok = ok && (utf8.Valid(begun) || !utf8.FullRune(begun))
		if len(piece) == 0 {
			return nil
		}
		n := unfinished(piece)
		ok = ok && utf8.Valid(piece[:len(piece)-n])
		begun = append(begun[:0], piece[len(piece)-n:]...)
		return nil
	})
	ok = ok && utf8.Valid(begun)
	d.checked, d.wasText, d.known = p, ok, true
	return ok
}
