package childproc

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func sh(script string) *Command {
	return &Command{Args: []string{"/bin/sh", "-c", script}, Timeout: time.Minute, MaxOutput: 100}
}

func TestRun(t *testing.T) {
	tests := []struct {
		name           string
		script         string
		stdout, stderr string
		failure        string // what the error says; "" for none
	}{
		{"both outputs", "echo out; echo err >&2", "out\n", "err\n", ""},
		{"no input", "cat; echo end", "end\n", "", ""},
		{"its folder and environment", "cat here; echo $WHO", "in it\nme\n", "", ""},
		{"a failure", "echo out; echo err >&2; exit 3", "out\n", "err\n", "exit status 3"},
		{"a signal", "kill -KILL $$", "", "", "signal: killed"},
		{"at the bound", "head -c 100 /dev/zero | tr '\\0' x", strings.Repeat("x", 100), "", ""},
		{"one byte past it", "head -c 101 /dev/zero | tr '\\0' x; sleep 1000", strings.Repeat("x", 100), "", "it printed too much"},
		{"endless", "trap '' PIPE; exec 2>/dev/null; while :; do echo yyyyyyyyy; done", strings.Repeat("yyyyyyyyy\n", 10), "", "it printed too much"},
		{"what it leaves behind", "sleep 1000 & echo out", "out\n", "", ""},
	}
	dir := t.TempDir()
	if err := exec.CommandContext(t.Context(), "/bin/sh", "-c", `echo in it >"$0"/here`, dir).Run(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := sh(tt.script)
			c.Dir, c.Env = dir, map[string]string{"WHO": "me"}
			out, err := Run(t.Context(), c)
			if string(out.Stdout) != tt.stdout || string(out.Stderr) != tt.stderr || out.Cut {
				t.Errorf("printed %q and %q", out.Stdout, out.Stderr)
			}
			if (err == nil) != (tt.failure == "") || err != nil && err.Error() != tt.failure {
				t.Errorf("error %v, want %q", err, tt.failure)
			}
		})
	}
}

func TestOnlyTheEndOfStandardErrorIsKept(t *testing.T) {
	out, err := Run(t.Context(), sh("yes warning | head -n 100000 >&2; printf end >&2"))
	if err != nil || !out.Cut || len(out.Stderr) != maxTail || !bytes.HasSuffix(out.Stderr, []byte("warning\nend")) {
		t.Errorf("%v, %d bytes, %.100q", err, len(out.Stderr), out.Stderr)
	}
}

func TestTheTailDoesNotDependOnHowItIsWritten(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789abcdef!"), 1000)
	for _, size := range []int{1, 7, maxTail - 1, maxTail, maxTail + 1, len(text)} {
		w := &tail{}
		for rest := text; len(rest) > 0; {
			n, err := w.Write(rest[:min(size, len(rest))])
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if !bytes.Equal(w.kept, text[len(text)-maxTail:]) || !w.cut {
			t.Errorf("in pieces of %d: %d bytes, cut %t", size, len(w.kept), w.cut)
		}
	}
}

func TestTheContextEndsACommand(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	left := errors.New("the user left")
	cancel(left)
	if _, err := Run(ctx, sh("sleep 1000")); !errors.Is(err, left) {
		t.Error(err)
	}
	c := sh("sleep 1000")
	c.Timeout = 50 * time.Millisecond
	if _, err := Run(t.Context(), c); err == nil || err.Error() != "it took longer than 50ms" {
		t.Error(err)
	}
}

func TestAProgramThatIsNotThere(t *testing.T) {
	if _, err := Run(t.Context(), &Command{Args: []string{"no-such-program-anywhere"}}); !errors.Is(err, exec.ErrNotFound) {
		t.Error(err)
	}
}
