package event

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// marshal is the wire form of e as encoding/json writes it.
func marshal(t interface{ Fatal(...any) }, e *Event) []byte {
	w := wire{
		Event: e.Type, Time: e.Time.UTC().Format(time.RFC3339Nano), Host: e.Host,
		Hosts: e.Hosts, Command: e.Command, Fanout: e.Fanout,
		Signal: e.Signal, Kind: e.Kind, Error: e.Error, Hint: e.Hint,
		Level: e.Level, Message: e.Message,
		Name: e.Name, Listen: e.Listen, Target: e.Target,
		Task: e.Task, Batches: e.Batches, Batch: e.Batch, Canary: e.Canary,
		Section: e.Section, Step: e.Step, Key: e.Key, On: e.On,
		Attempt: e.Attempt, DelayMS: Milliseconds(e.Delay), Once: e.Once, Changed: e.Changed, Ignored: e.Ignored,
		Files: e.Files, Bytes: e.Bytes,
		Reason: e.Reason, Notify: e.Notify, Result: e.Result,
	}
	switch e.Type {
	case Output:
		w.Stream = e.Stream
		if utf8.Valid(e.Data) {
			s := string(e.Data)
			w.Data = &s
		} else {
			w.DataBase64 = base64.StdEncoding.EncodeToString(e.Data)
		}
	case Connect, RunEnd, HostEnd, StepEnd, TaskEnd:
		ms := Milliseconds(e.Duration)
		w.DurationMS = &ms
	}
	switch e.Type {
	case StepStart, BatchEnd, TaskEnd:
		w.Outcome = e.Outcome
	case HostEnd, StepEnd:
		w.Outcome = e.Outcome
		if e.Status >= 0 {
			w.Status = &e.Status
		}
	}
	if e.Summary != nil {
		w.Summary = e.Summary.Wire()
	}
	b, err := json.Marshal(&w)
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

// anything draws bytes of which most are characters that JSON has rules for.
func anything() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{"", "", "web01", "\"", "\\", "\n\t\r\b\f\x00\x1f\x7f", "<&>", "\u2027\u2028\u2029\u202a", "\ufffd", "\U0010ffff"}),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 6), func(b []byte) string { return string(b) }),
	)
	return rapid.Map(rapid.SliceOfN(piece, 0, 3), func(s []string) string { return strings.Join(s, "") })
}

// anyEvent draws events with any fields, whether they go with the type or not.
func anyEvent() *rapid.Generator[*Event] {
	types := []Type{
		RunStart, HostStart, Connect, Output, HostEnd, RunEnd, Note,
		TaskStart, BatchStart, StepStart, StepRetry, StepEnd, BatchEnd, TaskEnd,
		TunnelOpen, TunnelDown, TunnelFailed, TunnelClosed, "later\xff",
	}
	span := rapid.Map(rapid.Int64(), func(ns int64) time.Duration { return time.Duration(ns) })
	list := rapid.SliceOfN(anything(), 0, 3)
	number := rapid.OneOf(rapid.Just(0), rapid.IntRange(-1, 300), rapid.Int())
	return rapid.Custom(func(t *rapid.T) *Event {
		text := func(what string) string { return anything().Draw(t, what) }
		flag := func(what string) bool { return rapid.Bool().Draw(t, what) }
		e := &Event{
			Type: rapid.SampledFrom(types).Draw(t, "type"),
			Time: time.Unix(rapid.Int64Range(-1<<38, 1<<38).Draw(t, "s"), rapid.Int64().Draw(t, "ns")).In(time.FixedZone("", rapid.IntRange(-50000, 50000).Draw(t, "zone"))),
			Host: text("host"), Hosts: list.Draw(t, "hosts"), Command: text("command"), Fanout: number.Draw(t, "fanout"),
			Stream: Stream(text("stream")), Data: []byte(text("data")),
			Outcome: Outcome(text("outcome")), Status: number.Draw(t, "status"), Signal: text("signal"),
			Kind: text("kind"), Error: text("error"), Hint: text("hint"), Duration: span.Draw(t, "duration"),
			Level: text("level"), Message: text("message"),
			Name: text("name"), Listen: text("listen"), Target: text("target"),
			Task: text("task"), Batches: number.Draw(t, "batches"), Batch: number.Draw(t, "batch"), Canary: flag("canary"),
			Section: Section(text("section")), Step: text("step"), Key: text("key"), On: text("on"),
			Attempt: number.Draw(t, "attempt"), Delay: span.Draw(t, "delay"),
			Once: flag("once"), Changed: flag("changed"), Ignored: flag("ignored"),
			Files: number.Draw(t, "files"), Bytes: int64(number.Draw(t, "bytes")),
			Reason: text("reason"), Notify: list.Draw(t, "notify"),
		}
		if flag("with a result") {
			e.Result = &Result{Stdout: text("stdout"), Stderr: text("stderr"), Masked: flag("masked")}
		}
		if flag("with a summary") {
			e.Summary = &Summary{
				Counts:  rapid.MapOf(rapid.SampledFrom(Outcomes), rapid.Int()).Draw(t, "counts"),
				Largest: number.Draw(t, "largest"), ByLargest: flag("by largest"), Why: Why(text("why")),
			}
		}
		return e
	})
}

func TestTheWireFormIsThatOfEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent().Draw(t, "event")
		got, err := e.AppendJSON([]byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		if want := append([]byte("before"), marshal(t, e)...); !bytes.Equal(got, want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// full is the wire form of an event of that type with all fields there are.
func full(t *testing.T, typ Type) []byte {
	t.Helper()
	n, ms, text := 1, 1.5, "eA=="
	var w wire
	fields := reflect.ValueOf(&w).Elem()
	for i := range fields.NumField() {
		f := fields.Field(i)
		for _, v := range []any{n, int64(n), ms, text, true, &n, &ms, &text, []string{text}, &Result{}, &WireSums{}} {
			if v := reflect.ValueOf(v); v.Kind() == f.Kind() && v.CanConvert(f.Type()) {
				f.Set(v.Convert(f.Type()))
			}
		}
		if f.IsZero() {
			t.Fatalf("there is no value for %s", fields.Type().Field(i).Name)
		}
	}
	w.Event, w.Time = typ, "2026-11-23T11:05:12Z"
	line, err := json.Marshal(&w)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func TestEveryFieldOfTheWireFormIsWritten(t *testing.T) {
	written := make(map[string]json.RawMessage)
	for _, typ := range []Type{Output, HostEnd} { // in these two everything may be
		e, err := ParseJSON(full(t, typ))
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range []string{"text", "\xff"} {
			e.Data = []byte(data)
			line, err := e.AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(line, &written); err != nil {
				t.Fatal(err)
			}
		}
	}
	for f := range reflect.TypeFor[wire]().Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); written[name] == nil {
			t.Errorf("AppendJSON never writes %q", name)
		}
	}
}

func TestADurationOfAnySizeIsWrittenLikeANumber(t *testing.T) {
	for _, d := range []time.Duration{0, 1, 999, 1000, 1500, -1, -1000, time.Millisecond, 16 * time.Minute, 1<<63 - 1, -1 << 63} {
		e := Event{Type: Connect, Duration: d, Delay: d}
		if got, err := e.AppendJSON(nil); err != nil || !bytes.Equal(got, marshal(t, &e)) {
			t.Errorf("%d ns: got %s, %v, want %s", d, got, err, marshal(t, &e))
		}
	}
}

func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "web01\n", `"\/`, "<&>", "\x00\x1f\x7f\x80", "ü\u2028\u2029\ufffd", "\xed\xa0\x80", "\xe2\x80", "\xf0\x9f\x90\xb3\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, s []byte) {
		want, err := json.Marshal(string(s))
		if err != nil {
			t.Fatal(err)
		}
		if got := appendQuoted(nil, s); !bytes.Equal(got, want) {
			t.Errorf("bytes %q: got %s, want %s", s, got, want)
		}
		if got := appendQuoted(nil, string(s)); !bytes.Equal(got, want) {
			t.Errorf("text %q: got %s, want %s", s, got, want)
		}
	})
}

func BenchmarkAppendJSON(b *testing.B) {
	at := time.Date(2026, 11, 23, 11, 5, 12, 123456789, time.UTC)
	for _, c := range []struct {
		name string
		e    Event
	}{
		{"end", Event{Type: HostEnd, Time: at, Host: "web01.example.com", Outcome: OK, Duration: 35217 * time.Microsecond}},
		{"output", Event{Type: Output, Time: at, Host: "web01.example.com", Stream: Stdout, Data: []byte(strings.Repeat("GET /index.html 200 in 13 ms\n", 1000))}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var line []byte
			for b.Loop() {
				line, _ = c.e.AppendJSON(line[:0])
			}
			b.SetBytes(int64(len(line)))
		})
	}
}
