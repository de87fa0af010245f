package output

import (
	"strconv"

	"fleet/event"
)

// printTasksJSON prints the member "tasks" of the object, and a comma.
func printTasksJSON(d *document, tasks []*taskResult) {
	d.text(`"tasks":[`)
	for i, t := range tasks {
		if i > 0 {
			d.text(",")
		}
		d.text("\n")
		t.printJSON(d)
	}
	d.text("\n],")
}

func (t *taskResult) printJSON(d *document) {
	b := appendJSONString([]byte(`{"task":`), t.name)
	outcome := t.outcome
	if !t.ended {
		outcome = event.Unknown
	}
	b = appendJSONString(append(b, `,"outcome":`...), string(outcome))
	b = appendMember(b, "reason", t.reason)
	b = append(b, `,"hosts":[`...)
	for i, h := range t.hosts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONString(b, h)
	}
	b = strconv.AppendInt(append(b, `],"batches":`...), int64(t.batches), 10)
	d.bytes(append(appendDurationJSON(b, t.took), `,"steps":[`...))
	for i, s := range t.steps {
		if i > 0 {
			d.text(",")
		}
		d.text("\n")
		s.printJSON(d)
	}
	d.text("]}")
}

func (s *stepResult) printJSON(d *document) {
	b := appendJSONString([]byte(`{"section":`), string(s.section))
	b = appendJSONString(append(b, `,"step":`...), s.name)
	d.bytes(append(b, `,"results":[`...))
	for i, c := range s.calls {
		if i > 0 {
			d.text(",")
		}
		d.text("\n")
		c.printJSON(d)
		if d.err == nil {
			d.err = d.spare()
		}
	}
	d.text("]}")
}

func (c *callResult) printJSON(d *document) {
	e := c.event()
	b := appendJSONString([]byte(`{"host":`), c.host)
	b = appendMember(appendMember(b, "key", c.key), "on", c.on)
	b = strconv.AppendInt(append(b, `,"batch":`...), int64(c.batch), 10)
	b = appendEndJSON(append(b, ','), e)
	b = strconv.AppendBool(append(b, `,"changed":`...), c.changed)
	if c.ignored {
		b = append(b, `,"ignored":true`...)
	}
	b = appendMember(b, "reason", e.Reason)
	b = appendMember(appendMember(b, "listen", e.Listen), "target", e.Target)
	b = appendTransferJSON(b, e)
	b = strconv.AppendInt(append(b, `,"attempts":`...), int64(c.attempt), 10)
	d.bytes(b)
	out, err := c.places()
	d.jsonContent("stdout", out)
	d.jsonContent("stderr", err)
	d.bytes(append(appendDurationJSON(nil, c.took), '}'))
}

// appendMember appends a member that is absent where it has no value.
func appendMember(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, `,"`+name+`":`...)
	return appendJSONString(b, value)
}
