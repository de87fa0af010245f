//go:build !windows

package transporttest

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"fleet/transport"
)

// plainWait would hang where the implementation has children of its own in the
// script's shell.
func (s *suite) plainWait(t *testing.T) {
	script := "jobs; wait; echo $?; (exit 3) & wait; echo $?; (exit 4) & wait $!; echo $?"
	if st, out, _ := s.run(t, &transport.Command{Script: script}); !st.OK() || out != "0\n0\n4\n" {
		t.Errorf("got %+v %q", st, out)
	}
}

func (s *suite) signalsItself(t *testing.T) {
	for name, code := range map[string]int{"TERM": 143, "INT": 130, "HUP": 129} {
		if st, _, _ := s.run(t, &transport.Command{Script: "kill -" + name + " $$; sleep 300"}); st.Code != code || st.Signal != name {
			t.Errorf("%s: got %+v", name, st)
		}
	}
	if st, out, _ := s.run(t, &transport.Command{Script: "trap 'echo caught; exit 6' TERM; kill $$; sleep 300"}); st.Code != 6 || st.Signal != "" || out != "caught\n" {
		t.Errorf("trapped: got %+v %q", st, out)
	}
	if st, _, _ := s.run(t, &transport.Command{Script: "sh -c 'kill -KILL $$'; exit $?"}); st.Code != 137 || st.Signal != "" {
		t.Errorf("a child's end is not the script's: got %+v", st)
	}
}

func (s *suite) closesStreams(t *testing.T) {
	big := bytes.Repeat([]byte("x"), 8<<20)
	if st, out, _ := s.run(t, &transport.Command{Script: "exec <&-; echo still; exit 6", Stdin: bytes.NewReader(big)}); st.Code != 6 || out != "still\n" {
		t.Errorf("stdin: got %+v %q", st, out)
	}
	if st, _, errs := s.run(t, &transport.Command{Script: "exec >&-; echo still >&2; exit 7"}); st.Code != 7 || errs != "still\n" {
		t.Errorf("stdout: got %+v %q", st, errs)
	}
	if st, _, _ := s.run(t, &transport.Command{Script: "exec >&- 2>&-; sleep 0.2; exit 8"}); st.Code != 8 {
		t.Errorf("both: got %+v", st)
	}
}

func (s *suite) lateOutput(t *testing.T) {
	st, out, errs := s.run(t, &transport.Command{Script: "(sleep 0.2; echo late; echo last >&2) & echo early; exit 4"})
	if st.Code != 4 || out != "early\nlate\n" || errs != "last\n" {
		t.Errorf("got %+v, stdout %q, stderr %q", st, out, errs)
	}
}

func (s *suite) cleanup(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &lines{want: 1, reached: cancel}
	_, err := s.tr.Run(ctx, s.target, &transport.Command{
		Script: "trap 'echo cleaned up; exit 0' TERM; echo $$; while :; do sleep 0.1; done", Stdout: out, Grace: 10 * time.Second,
	})
	pid, text, _ := strings.Cut(out.b.String(), "\n")
	if text != "cleaned up\n" {
		t.Errorf("after the process number it printed %q", text)
	}
	mustBeGone(t, []int{number(t, pid)}, err)
}

func (s *suite) cancelWithInput(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	input, feed := io.Pipe() // no end of file comes to the command's help
	defer feed.Close()
	out := &lines{want: 2, reached: cancel}
	_, err := s.tr.Run(ctx, s.target, &transport.Command{
		Script: "sleep 300 & echo $!; echo $$; cat; sleep 301", Stdin: input, Stdout: out, Grace: time.Second,
	})
	var pids []int
	for _, f := range strings.Fields(out.b.String()) {
		pids = append(pids, number(t, f))
	}
	mustBeGone(t, pids, err)
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil || syscall.Kill(n, 0) == syscall.EINVAL {
		t.Fatalf("the script printed %q for a process number", s)
	}
	return n
}
