package output

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"fleet/event"
)

// small is a run of two hosts with one of everything that formats show.
func small() script {
	p := newTaskPlay("a", "b", "c")
	p.begin("deploy", 2, "a", "b", "c")
	p.next(true, "a", "b")
	for _, h := range []string{"b", "a"} {
		p.send(h, "get")
		p.print(h, "get", event.Stdout, "first attempt\n")
		p.add(p.event(event.StepRetry, h, "get"))
		p.print(h, "get", event.Stdout, "got it\n")
		p.end(h, "get", func(e *event.Event) { e.Attempt = 2 })
	}
	p.on, p.key = "lb1", "k"
	p.end("a", "drain", skip("unless says so"))
	p.on, p.key = "", ""
	p.send("b", "try")
	p.end("b", "try", func(e *event.Event) { fail(1, 1)(e); e.Ignored = true })
	p.section(event.Always, func() {
		p.send("b", "end")
		p.print("b", "end", event.Stderr, "\xff<no>\n")
		p.end("b", "end", func(e *event.Event) {
			fail(-1, 1)(e)
			e.Outcome, e.Kind, e.Error, e.Hint = event.Unknown, "lost", "the connection was lost", "look at it"
		})
		p.send("a", "end")
	})
	p.over(event.Failed)
	p.done(event.Failed, "")
	p.failedHost("b", "end", 1)
	p.bad["c"] = event.Event{Outcome: event.NotAttempted, Status: -1}
	return p.finish(event.Threshold)
}

func TestJSONOfTasksHasAResultForEachStepOnEachHost(t *testing.T) {
	stdout, _ := show(t, small(), NewJSON)
	equal(t, "stdout", stdout, `{"hosts":[
{"host":"a","outcome":"ok","status":0,"signal":"","error":"","duration_ms":0},
{"host":"b","outcome":"failed","status":1,"signal":"","error":"step end: exit status 1","duration_ms":0},
{"host":"c","outcome":"not_attempted","status":null,"signal":"","error":"","duration_ms":0}
],"tasks":[
{"task":"deploy","outcome":"failed","hosts":["a","b","c"],"batches":2,"duration_ms":90000,"steps":[
{"section":"steps","step":"get","results":[
{"host":"a","batch":1,"outcome":"ok","status":0,"signal":"","error":"","changed":true,"attempts":2,"stdout":"got it\n","stderr":"","duration_ms":0},
{"host":"b","batch":1,"outcome":"ok","status":0,"signal":"","error":"","changed":true,"attempts":2,"stdout":"got it\n","stderr":"","duration_ms":0}]},
{"section":"steps","step":"drain","results":[
{"host":"a","key":"k","on":"lb1","batch":1,"outcome":"skipped","status":null,"signal":"","error":"","changed":false,"reason":"unless says so","attempts":0,"stdout":"","stderr":"","duration_ms":0}]},
{"section":"steps","step":"try","results":[
{"host":"b","batch":1,"outcome":"failed","status":1,"signal":"","error":"","changed":false,"ignored":true,"attempts":1,"stdout":"","stderr":"","duration_ms":0}]},
{"section":"always","step":"end","results":[
{"host":"a","batch":1,"outcome":"unknown","status":null,"signal":"","error":"","changed":false,"attempts":0,"stdout":"","stderr":"","duration_ms":0},
{"host":"b","batch":1,"outcome":"unknown","status":null,"signal":"","error":"the connection was lost","kind":"lost","hint":"look at it","changed":false,"attempts":1,"stdout":"","stderr_base64":"/zxubz4K","duration_ms":0}]}]}
],"summary":{"ok":1,"failed":1,"unreachable":0,"not_attempted":1,"stopped_early":"threshold","exit_status":3}}
`)
	if !json.Valid([]byte(stdout)) {
		t.Error("it is not JSON")
	}
}

func TestJUnitOfTasksHasACaseForEachStepOnEachHost(t *testing.T) {
	s := small()
	stdout, _ := show(t, s, NewJUnit)
	equal(t, "stdout", stdout, `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
<testsuite name="deploy" tests="6" failures="0" errors="2" skipped="1" time="90.000">
<testcase classname="deploy" name="a: step get" time="0.000">
<system-out>got it
</system-out>
</testcase>
<testcase classname="deploy" name="b: step get" time="0.000">
<system-out>got it
</system-out>
</testcase>
<testcase classname="deploy" name="a: step drain[k] on lb1" time="0.000">
<skipped message="unless says so"/>
</testcase>
<testcase classname="deploy" name="b: step try" time="0.000">
</testcase>
<testcase classname="deploy" name="a: always end" time="0.000">
<error message="end unknown" type="unknown"></error>
</testcase>
<testcase classname="deploy" name="b: always end" time="0.000">
<error message="end unknown: the connection was lost" type="unknown">the connection was lost
hint: look at it</error>
<system-err>�&lt;no&gt;
</system-err>
</testcase>
</testsuite>
<testsuite name="hosts" tests="1" failures="0" errors="0" skipped="1">
<testcase classname="fleet" name="c" time="0.000">
<skipped/>
</testcase>
</testsuite>
</testsuites>
`)
	for d := xml.NewDecoder(strings.NewReader(stdout)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestJSONLKeepsCharactersOfStepsApart(t *testing.T) {
	p := newTaskPlay("a")
	p.begin("t", 1, "a")
	p.next(false, "a")
	p.script = p.script[:0]
	p.print("a", "s", event.Stdout, "€"[:2])
	p.on = "lb"
	p.print("a", "s", event.Stdout, "€"[:1])
	p.on = ""
	p.print("a", "s", event.Stdout, "€"[2:])
	p.on = "lb"
	p.end("a", "s", nil)
	stdout, _ := show(t, p.script, NewJSONL)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	for i, want := range []string{
		`"data":"€","task":"t","batch":1,"section":"steps","step":"s"}`,
		`"data_base64":"4g==","task":"t","batch":1,"section":"steps","step":"s","on":"lb"}`,
		`{"event":"step_end"`,
	} {
		if i >= len(lines) || !strings.Contains(lines[i], want) {
			t.Fatalf("line %d is not %s:\n%s", i, want, stdout)
		}
	}
}
