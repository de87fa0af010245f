//go:build linux

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// What a user sees is the same with an agent and without it, but for what is said of
// a connection when one is made.
func TestWithTheAgentEverythingIsTheSame(t *testing.T) {
	s := newAgentScene(t, 8, "refuse=lab02", "hostkey=lab03", "login=lab04")
	s.agent(t)
	unknown := filepath.Join(s.home, "nothing")
	script := filepath.Join(s.home, "script.sh")
	for path, text := range map[string]string{unknown: "", script: "echo \"$1 on $FLEET_LAB_HOST\"\nexit 3\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := []string{"run", "-w", "lab[05-08]"}
	tests := []struct {
		name   string
		args   []string
		input  string
		cut    syscall.Signal // sent when the hosts sleep
		status int
	}{
		{name: "success", args: append(good, "--", "echo out; echo err >&2"), status: 0},
		{name: "failure", args: append(good, "--", "exit 7"), status: 2},
		{name: "the largest status", args: append(good, "-S", "--", "exit 7"), status: 7},
		{name: "a signal", args: append(good, "--", "kill -9 $$"), status: 2},
		{name: "hosts that cannot be reached", args: []string{"run", "-a", "--", "echo $FLEET_LAB_HOST"}, status: 4},
		{name: "an unknown host key", args: append(good, "-o", "UserKnownHostsFile="+unknown, "-o", "StrictHostKeyChecking=yes", "--", "true"), status: 4},
		{name: "out of time", args: append(good, "-u", "1", "--", "echo begun; sleep 60"), status: 2},
		{name: "gathered", args: append(good, "-b", "--", "echo same; [ $FLEET_LAB_HOST = lab05 ] && echo more"), status: 2},
		{name: "JSON", args: append(good, "--format", "json", "--", "echo out; echo err >&2; exit 1"), status: 2},
		{name: "events", args: append(good, "--format", "jsonl", "--", "echo out"), status: 0},
		{name: "input", args: append(good, "-I", "--", "cat; wc -c"), input: strings.Repeat("0123456789\n", 10_000), status: 0},
		{name: "a script with arguments", args: append(good, "--script", script, "--", "argument"), status: 2},
		{name: "much output", args: append(good, "--", "yes 123456789 | head -c 200000"), status: 0},
		{name: "bytes of all kinds", args: append(good, "--", `printf 'a\000b\377\033[31mred\n'; printf 'no newline'`), status: 0},
		{name: "sudo that is refused", args: append(good, "--become", "nosuchuser", "--", "true"), status: 2},
		{name: "a Ctrl-C", args: append(good, "--", "sleep "+s.mark), cut: syscall.SIGINT, status: 130},
		{name: "a TERM", args: append(good, "--", "sleep "+s.mark), cut: syscall.SIGTERM, status: 143},
		{name: "verbose", args: append(good, "-v", "--", "true"), status: 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var seen [2]*scenePart
			for i, choice := range []string{"off", s.socket} {
				p := s.fleet(t, choice, tt.args...)
				p.Stdin = strings.NewReader(tt.input)
				seen[i] = p.start(t)
				if tt.cut != 0 {
					eventually(t, "all hosts sleep", func() bool { return len(sleepers(s.mark)) == 4 })
					p.signal(t, tt.cut)
				}
				if got := p.status(); got != tt.status {
					t.Errorf("FLEET_AGENT=%s: status %d, not %d: %.500s", choice, got, tt.status, p.err.String())
				}
				if left := waitGone(s.mark, patience); len(left) > 0 {
					t.Errorf("FLEET_AGENT=%s: processes are left: %v", choice, left)
				}
			}
			for stream, text := range map[string][2]string{
				"standard output": {seen[0].out.String(), seen[1].out.String()},
				"standard error":  {seen[0].err.String(), seen[1].err.String()},
			} {
				if without, with := timeless(text[0]), timeless(text[1]); !slices.Equal(without, with) {
					t.Errorf("%s without the agent:\n%.2000s\nand with it:\n%.2000s", stream,
						strings.Join(without, "\n"), strings.Join(with, "\n"))
				}
			}
		})
	}
}

// timeless are the lines of a text, sorted as hosts are not in step, without what
// differs from one run to the next: times, the IDs of runs, and connections being
// made.
func timeless(text string) []string {
	for _, r := range []struct{ what, with string }{
		{`[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)`, "DATE"},
		{`[0-9]{8}-[0-9]{6}-[0-9a-f]{6}`, "RUN"},
		{`\b[0-9]+(\.[0-9]+)?(ms|µs|s| ms| s)\b`, "TIME"},
		{`"(duration_ms|delay_ms)": ?[0-9.e+-]+`, `"$1":N`},
	} {
		text = regexp.MustCompile(r.what).ReplaceAllString(text, r.with)
	}
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool {
		return strings.Contains(line, `"event":"connect"`) || strings.Contains(line, ": connected in ")
	})
	slices.Sort(lines)
	return lines
}
