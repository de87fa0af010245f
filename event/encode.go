package event

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendJSON appends the wire form of e and a newline to dst. Output that is
// not UTF-8 goes into data_base64 in place of data.
//
// It writes what encoding/json makes of the wire struct, byte for byte and field
// for field in that order, without looking at types: a run has several events a
// host, each at a moment when the processor has just done something else, and
// reflection touches so much code and stack then that it costs ten times more
// than where it does nothing but that.
func (e *Event) AppendJSON(dst []byte) ([]byte, error) {
	o := object(append(dst, `{"event":`...))
	o = appendQuoted(o, e.Type)
	o = append(o, `,"time":"`...)
	o = e.Time.UTC().AppendFormat(o, time.RFC3339Nano)
	o = append(o, '"')
	o.text("host", e.Host)
	o.list("hosts", e.Hosts)
	o.text("command", e.Command)
	o.number("fanout", int64(e.Fanout))
	if e.Type == Output {
		o.output(e)
	}
	o.end(e)
	o.text("level", e.Level)
	o.text("message", e.Message)
	if e.Summary != nil {
		b, err := json.Marshal(e.Summary.Wire()) // there is one in a run
		if err != nil {
			return dst, err
		}
		o.name("summary")
		o = append(o, b...)
	}
	o.text("name", e.Name)
	o.text("listen", e.Listen)
	o.text("target", e.Target)
	o.task(e)
	return append(o, '}', '\n'), nil
}

// An object is a JSON object that is being appended to a slice. Like omitempty,
// its methods leave out what has no value.
type object []byte

// output adds what a command printed.
func (o *object) output(e *Event) {
	o.text("stream", string(e.Stream))
	if utf8.Valid(e.Data) {
		o.name("data")
		*o = appendQuoted(*o, e.Data)
		return
	}
	o.name("data_base64")
	*o = append(*o, '"')
	*o = base64.StdEncoding.AppendEncode(*o, e.Data)
	*o = append(*o, '"')
}

// end adds how something ended.
func (o *object) end(e *Event) {
	switch e.Type {
	case StepStart, HostEnd, StepEnd, BatchEnd, TaskEnd:
		o.text("outcome", string(e.Outcome))
	}
	if (e.Type == HostEnd || e.Type == StepEnd) && e.Status >= 0 {
		o.name("status") // also 0
		*o = strconv.AppendInt(*o, int64(e.Status), 10)
	}
	o.text("signal", e.Signal)
	o.text("kind", e.Kind)
	o.text("error", e.Error)
	o.text("hint", e.Hint)
	switch e.Type {
	case Connect, RunEnd, HostEnd, StepEnd, TaskEnd:
		o.milliseconds("duration_ms", e.Duration) // also 0
	}
}

// task adds what only runs of tasks have.
func (o *object) task(e *Event) {
	o.text("task", e.Task)
	o.number("batches", int64(e.Batches))
	o.number("batch", int64(e.Batch))
	o.flag("canary", e.Canary)
	o.text("section", string(e.Section))
	o.text("step", e.Step)
	o.text("key", e.Key)
	o.text("on", e.On)
	o.number("attempt", int64(e.Attempt))
	if e.Delay.Microseconds() != 0 {
		o.milliseconds("delay_ms", e.Delay)
	}
	o.flag("once", e.Once)
	o.flag("changed", e.Changed)
	o.number("files", int64(e.Files))
	o.number("bytes", e.Bytes)
	o.flag("ignored", e.Ignored)
	o.text("reason", e.Reason)
	o.list("notify", e.Notify)
	if e.Result != nil {
		o.name("result")
		*o = append(*o, `{"stdout":`...)
		*o = appendQuoted(*o, e.Result.Stdout)
		*o = append(*o, `,"stderr":`...)
		*o = appendQuoted(*o, e.Result.Stderr)
		o.flag("masked", e.Result.Masked)
		*o = append(*o, '}')
	}
}

// name begins a field behind another one. Names need no escapes.
func (o *object) name(s string) {
	*o = append(*o, ',', '"')
	*o = append(*o, s...)
	*o = append(*o, '"', ':')
}

func (o *object) text(name, s string) {
	if s != "" {
		o.name(name)
		*o = appendQuoted(*o, s)
	}
}

func (o *object) number(name string, n int64) {
	if n != 0 {
		o.name(name)
		*o = strconv.AppendInt(*o, n, 10)
	}
}

func (o *object) flag(name string, on bool) {
	if on {
		o.name(name)
		*o = append(*o, "true"...)
	}
}

func (o *object) list(name string, list []string) {
	for i, s := range list {
		if i == 0 {
			o.name(name)
			*o = append(*o, '[')
		} else {
			*o = append(*o, ',')
		}
		*o = appendQuoted(*o, s)
	}
	if len(list) > 0 {
		*o = append(*o, ']')
	}
}

// milliseconds adds a duration, of which none is so small or large that it would
// need an exponent.
func (o *object) milliseconds(name string, d time.Duration) {
	o.name(name)
	*o = strconv.AppendFloat(*o, Milliseconds(d), 'f', -1, 64)
}
