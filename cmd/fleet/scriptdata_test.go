package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// dataCommand is the command "data" of scripts: the text on the last stdout is
// in the form that docs/output.md gives, and in nothing else. It is printed
// again as lines that a script can look at.
func dataCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: data json|jsonl|junit")
	}
	show := map[string]func([]byte) (string, error){"json": jsonLines, "jsonl": jsonlLines, "junit": junitLines}[args[0]]
	if show == nil {
		ts.Fatalf("there is no format %q", args[0])
	}
	text := ts.ReadFile("stdout")
	lines, err := show([]byte(text))
	if err != nil {
		ts.Fatalf("%v, in:\n%s", err, text)
	}
	fmt.Fprint(ts.Stdout(), lines)
}

// The keys of the JSON of a run; without omitempty they are always there.
type (
	jsonRun struct {
		Hosts   []map[string]any `json:"hosts"`
		Summary map[string]any   `json:"summary"`
	}
	keys struct{ always, sometimes string }
)

func (k keys) check(object map[string]any) error {
	allowed := " " + k.always + " " + k.sometimes + " "
	for name := range object {
		if !strings.Contains(allowed, " "+name+" ") {
			return fmt.Errorf("key %q is not documented", name)
		}
	}
	for _, name := range strings.Fields(k.always) {
		if _, ok := object[name]; !ok {
			return fmt.Errorf("key %q is missing in %v", name, object)
		}
	}
	return nil
}

func summaryKeys() keys {
	return keys{always: "ok failed unreachable not_attempted exit_status", sometimes: "timeout stopped unknown stopped_early"}
}

func jsonLines(text []byte) (string, error) {
	var (
		run jsonRun
		b   strings.Builder
	)
	if err := decodeOne(text, &run); err != nil {
		return "", err
	}
	host := keys{
		always:    "host outcome status signal error duration_ms",
		sometimes: "kind hint stdout stderr stdout_base64 stderr_base64 stdout_truncated stderr_truncated",
	}
	for _, h := range run.Hosts {
		if err := host.check(h); err != nil {
			return "", err
		}
		stdout, err := content(h, "stdout")
		if err != nil {
			return "", err
		}
		stderr, err := content(h, "stderr")
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%v %v %v signal=%v stdout=%q stderr=%q\n", h["host"], h["outcome"], h["status"], h["signal"], stdout, stderr)
	}
	return b.String() + summaryLine(run.Summary), summaryKeys().check(run.Summary)
}

// content is one stream of a host, which is there in exactly one form.
func content(h map[string]any, name string) (string, error) {
	text, isText := h[name].(string)
	encoded, isBytes := h[name+"_base64"].(string)
	if isText == isBytes {
		return "", fmt.Errorf("%s has %s in no form or in two", h["host"], name)
	}
	if isText {
		return text, nil
	}
	b, err := base64.StdEncoding.DecodeString(encoded)
	return string(b), err
}

func summaryLine(s map[string]any) string {
	return fmt.Sprintf("ok %v, failed %v, unreachable %v, not_attempted %v, exit_status %v\n",
		s["ok"], s["failed"], s["unreachable"], s["not_attempted"], s["exit_status"])
}

func decodeOne(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one JSON value")
	}
	return nil
}

// jsonlLines checks the stream: it begins and ends as it must, and each host
// starts and ends once.
func jsonlLines(text []byte) (string, error) {
	if !bytes.HasSuffix(text, []byte("\n")) {
		return "", errors.New("the last line has no end")
	}
	var b strings.Builder
	begun, ended := map[any]int{}, map[any]int{}
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	for i, line := range lines {
		var e map[string]any
		if err := decodeOne(line, &e); err != nil {
			return "", fmt.Errorf("line %d: %w", i+1, err)
		}
		if e["time"] == nil {
			return "", fmt.Errorf("line %d has no time", i+1)
		}
		switch kind := e["event"]; {
		case (kind == "run_start") != (i == 0), (kind == "run_end") != (i == len(lines)-1):
			return "", fmt.Errorf("line %d of %d is a %v", i+1, len(lines), kind)
		case kind == "host_start":
			begun[e["host"]]++
		case kind == "host_end":
			ended[e["host"]]++
			fmt.Fprintf(&b, "%v %v %v\n", e["host"], e["outcome"], e["status"])
		case kind == "output":
			fmt.Fprintf(&b, "%v %v %q\n", e["host"], e["stream"], e["data"])
		case kind == "run_end":
			summary, _ := e["summary"].(map[string]any)
			if err := summaryKeys().check(summary); err != nil {
				return "", err
			}
			b.WriteString(summaryLine(summary))
		}
	}
	for host, n := range ended {
		if n != 1 || begun[host] > 1 {
			return "", fmt.Errorf("%v began %d times and ended %d times", host, begun[host], n)
		}
	}
	return b.String(), nil
}

func junitLines(text []byte) (string, error) {
	type problem struct {
		Message string `xml:"message,attr"`
	}
	var report struct {
		XMLName xml.Name `xml:"testsuites"`
		Suites  []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Skipped  int `xml:"skipped,attr"`
			Cases    []struct {
				Name    string    `xml:"name,attr"`
				Failure *problem  `xml:"failure"`
				Error   *problem  `xml:"error"`
				Skipped *struct{} `xml:"skipped"`
				Out     string    `xml:"system-out"`
				Err     string    `xml:"system-err"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &report); err != nil {
		return "", err
	}
	if len(report.Suites) != 1 {
		return "", fmt.Errorf("there are %d suites", len(report.Suites))
	}
	var b strings.Builder
	s := report.Suites[0]
	for _, c := range s.Cases {
		result := "passed"
		switch {
		case c.Failure != nil:
			result = "failure " + c.Failure.Message
		case c.Error != nil:
			result = "error " + c.Error.Message
		case c.Skipped != nil:
			result = "skipped"
		}
		fmt.Fprintf(&b, "%s %s stdout=%q stderr=%q\n", c.Name, result, c.Out, c.Err)
	}
	fmt.Fprintf(&b, "tests %d, failures %d, errors %d, skipped %d\n", s.Tests, s.Failures, s.Errors, s.Skipped)
	return b.String(), nil
}
