package output

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"fleet/event"
)

func TestJSONIsOneObjectInSelectionOrder(t *testing.T) {
	s := mixed()
	s[7] = out("web02", "up\x00\"\\ 3 \xff")
	stdout, stderr := show(t, s, NewJSON)
	equal(t, "stdout", stdout, `{"hosts":[
{"host":"web01","outcome":"ok","status":0,"signal":"","error":"","stdout":"up 3 days\n","stderr":"","duration_ms":1500},
{"host":"web02","outcome":"ok","status":0,"signal":"","error":"","stdout_base64":"dXAAIlwgMyD/ZGF5cwo=","stderr":"","duration_ms":1500},
{"host":"web03","outcome":"failed","status":3,"signal":"","error":"","stdout":"up 3 days\n","stderr":"warning: disk\n","duration_ms":1500},
{"host":"web04","outcome":"ok","status":0,"signal":"","error":"","stdout":"up 4 days","stderr":"","duration_ms":1500},
{"host":"db01","outcome":"unreachable","status":null,"signal":"","error":"dial: dial tcp 10.0.0.8:22: connect: connection refused","kind":"unreachable","hint":"is sshd running there?","stdout":"","stderr":"","duration_ms":1500},
{"host":"db02","outcome":"not_attempted","status":null,"signal":"","error":"","stdout":"","stderr":"","duration_ms":1500}
],"summary":{"ok":3,"failed":1,"unreachable":1,"not_attempted":1,"exit_status":6}}
`)
	if !strings.HasPrefix(stderr, "fleet: exit 3: [web03]\n") || strings.Contains(stderr, "warning: disk") {
		t.Errorf("stderr: %q", stderr)
	}
}

func TestJSONOfARunThatEndedWithoutSayingSo(t *testing.T) {
	stdout, _ := show(t, script{hosts("a", "b", "c"), begin("a"), out("a", "x\n"), ok("c")}, NewJSON)
	var got struct {
		Hosts   []struct{ Host, Outcome, Stdout string }
		Summary map[string]any
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if h := got.Hosts; h[0].Outcome != "unknown" || h[0].Stdout != "x\n" || h[1].Outcome != "not_attempted" || h[2].Outcome != "ok" {
		t.Errorf("hosts: %+v", h)
	}
	if got.Summary["exit_status"] != 1.0 || got.Summary["failed"] != 1.0 {
		t.Errorf("summary: %v", got.Summary)
	}
}

func TestJSONKeepsCharactersWholeAcrossChunks(t *testing.T) {
	text := strings.Repeat("ж€👩x", 50_000)
	var s script
	s = append(s, hosts("a"))
	for i := 0; i < len(text); i += 1021 {
		s = append(s, out("a", text[i:min(i+1021, len(text))]))
	}
	s = append(s, ok("a"), runEnd(nil))
	stdout, _ := show(t, s, NewJSON, func(c *Config) { c.Memory = 70 << 10 })
	var got struct{ Hosts []struct{ Stdout string } }
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if got.Hosts[0].Stdout != text {
		t.Error("the text changed")
	}
}

func TestJSONOnATerminalEscapesWhatATerminalMustNotSee(t *testing.T) {
	s := script{hosts("a"), out("a", "x\u202e\u009b\U000E0041\x7f\x1b"), ok("a"), runEnd(nil)}
	for name, with := range map[string]func(Config) Renderer{"json": NewJSON, "jsonl": NewJSONL} {
		stdout, _ := show(t, s, with, terminal)
		if want := `x\u202e\u009b\udb40\udc41\u007f\u001b`; !strings.Contains(stdout, want) {
			t.Errorf("%s: %q", name, stdout)
		}
	}
}

func TestJSONLIsTheEventStream(t *testing.T) {
	s := script{
		hosts("a"), begin("a"), out("a", "ä€"[:3]), out("a", "ä€"[3:]+"\n"), out("a", "\xff"), errOut("a", "\xe2\x82"), ok("a"),
		{Type: event.Note, Time: start, Level: "warn", Message: "slow"},
		runEnd(map[event.Outcome]int{event.OK: 1}),
	}
	stdout, stderr := show(t, s, NewJSONL)
	equal(t, "stdout", stdout, `{"event":"run_start","time":"2026-01-02T03:04:05Z","hosts":["a"],"command":"uptime","fanout":64}
{"event":"host_start","time":"2026-01-02T03:04:05Z","host":"a"}
{"event":"output","time":"2026-01-02T03:04:05Z","host":"a","stream":"stdout","data":"ä"}
{"event":"output","time":"2026-01-02T03:04:05Z","host":"a","stream":"stdout","data":"€\n"}
{"event":"output","time":"2026-01-02T03:04:05Z","host":"a","stream":"stdout","data_base64":"/w=="}
{"event":"output","time":"2026-01-02T03:04:05Z","host":"a","stream":"stderr","data_base64":"4oI="}
{"event":"host_end","time":"2026-01-02T03:04:05Z","host":"a","outcome":"ok","status":0,"duration_ms":1500}
{"event":"note","time":"2026-01-02T03:04:05Z","level":"warn","message":"slow"}
{"event":"run_end","time":"2026-01-02T03:04:05Z","duration_ms":2500,"summary":{"ok":1,"failed":0,"unreachable":0,"not_attempted":0,"exit_status":0}}
`)
	equal(t, "stderr", stderr, "fleet: warning: slow\n")
	if !utf8.ValidString(stdout) {
		t.Error("not UTF-8")
	}
}
