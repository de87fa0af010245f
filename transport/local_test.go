//go:build !windows

package transport_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fleet/transport"
	"fleet/transport/transporttest"
)

func TestLocalKeepsTheContract(t *testing.T) {
	transporttest.Run(t, transport.Local{}, transport.Target{Name: "here"}, transporttest.Options{NoSubsystem: true, NoTerminal: true})
}

// local runs c here and collects its output.
func local(t *testing.T, c *transport.Command) (transport.Status, string, string) {
	t.Helper()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	status, err := transport.Local{}.Run(t.Context(), transport.Target{Name: "here"}, c)
	if err != nil {
		t.Fatal(err)
	}
	return status, out.String(), errs.String()
}

// tempFolder makes the folder for temporary files one of the test.
func tempFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	return dir
}

func mustBeEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestALocalScriptRunsByItsInterpreter(t *testing.T) {
	dir := tempFolder(t)
	sh := []string{"/bin/sh", "-u"}
	for _, tt := range []struct {
		name, script string
		interpreter  []string
		args         []string
		stdin, out   string
		code         int
	}{
		{name: "all of it", script: "#!/bin/cat\nall of it", interpreter: []string{"/bin/cat"}, out: "#!/bin/cat\nall of it"},
		{name: "nothing is expanded", script: "$HOME `id` \\ ' \"\n", interpreter: []string{"cat"}, out: "$HOME `id` \\ ' \"\n"},
		{name: "words", script: "x\n", interpreter: []string{"/usr/bin/env", "-S cat -u --"}, out: "x\n"},
		{name: "arguments", script: "printf '%s|' \"$@\"", interpreter: sh, args: []string{"it's", "", "c\nd"}, out: "it's||c\nd|"},
		{name: "input", script: "cat", interpreter: sh, stdin: "given", out: "given"},
		{name: "status", script: "exit 7", interpreter: sh, code: 7},
		{name: "a signal", script: "kill -KILL $$", interpreter: sh, code: 137},
		{name: "no such program", script: "x", interpreter: []string{"/no/such"}, code: 127},
		{name: "long", script: strings.Repeat(": padding\n", 30_000) + "echo end", interpreter: sh, out: "end\n"},
	} {
		for _, private := range []bool{false, true} {
			c := &transport.Command{Script: tt.script, Interpreter: tt.interpreter, Args: tt.args, Private: private}
			if tt.stdin != "" {
				c.Stdin = strings.NewReader(tt.stdin)
			}
			if status, out, errs := local(t, c); status.Code != tt.code || out != tt.out {
				t.Errorf("%s, private %t: got %+v, %q, %q", tt.name, private, status, out, errs)
			}
			mustBeEmpty(t, dir)
		}
	}
}

func TestALocalScriptThatIsStoppedLeavesNoFile(t *testing.T) {
	dir := tempFolder(t)
	for _, script := range []string{"echo; sleep 600", "trap '' TERM; echo; while :; do sleep 1; done"} {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := transport.Local{}.Run(ctx, transport.Target{Name: "here"}, &transport.Command{
			Script: script, Interpreter: []string{"/bin/sh", "-u"}, Grace: 100 * time.Millisecond,
			Stdout: writerFunc(func() {
				if names, _ := filepath.Glob(filepath.Join(dir, "fleet-script-*")); len(names) != 1 {
					t.Errorf("while it runs: %v", names)
				}
				cancel()
			}),
		})
		if transport.KindOf(err) != transport.KindCanceled {
			t.Errorf("got %v", err)
		}
		mustBeEmpty(t, dir)
	}
}

// writerFunc is called with the first output.
type writerFunc func()

func (f writerFunc) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

// What runs is the same, whichever way it comes.
func TestAPrivateLocalCommandIsLikeAnother(t *testing.T) {
	for _, private := range []bool{false, true} {
		c := &transport.Command{
			Script: "printf '%s|' \"$@\"; echo \"$A\"; cat; echo ${c-unset}; nosuch; exit 3\n\n", Args: []string{"it's", ""},
			Env: []string{"A=b"}, Stdin: strings.NewReader("given\n"), Private: private,
		}
		status, out, errs := local(t, c)
		if status.Code != 3 || out != "it's||b\ngiven\nunset\n" || !strings.Contains(errs, "nosuch: not found") && !strings.Contains(errs, "nosuch: command not found") {
			t.Errorf("private %t: got %+v, %q, %q", private, status, out, errs)
		}
		if status, _, _ := local(t, &transport.Command{Script: "kill -TERM $$", Private: private}); status.Signal != "TERM" || status.Code != 143 {
			t.Errorf("private %t: got %+v", private, status)
		}
	}
}
