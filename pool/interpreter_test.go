//go:build linux

package pool_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
)

// scriptFolder is a folder for the files of scripts, whoever runs them.
func scriptFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "fleet-pool-test-") // others may not enter t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	return dir
}

// files is what is in a folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestAScriptRunsByItsInterpreter(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{})
	p := newPool(t, pool.Config{Linger: -1})
	sh := []string{"/bin/sh", "-u"}
	tests := []struct {
		name, script string
		interpreter  []string
		args         []string
		change       func(*transport.Command)
		out          string
		code         int
	}{
		{name: "all of it", script: "#!/bin/cat\nall of it\n", interpreter: []string{"/bin/cat"}, out: "#!/bin/cat\nall of it\n"},
		{name: "its option is one word", script: "x\n", interpreter: []string{"/usr/bin/env", "-S cat -u --"}, out: "x\n"},
		{name: "nothing is expanded", script: "$HOME `id` \\ ' \"\n", interpreter: []string{"cat"}, out: "$HOME `id` \\ ' \"\n"},
		{name: "nor is the program", script: "x", interpreter: []string{"/no/$(exit)/$HOME"}, code: 127},
		{name: "the mark of the end", script: "FLEET_END_OF_SCRIPT\nmore\n", interpreter: []string{"cat"}, out: "FLEET_END_OF_SCRIPT\nmore\n"},
		{name: "its status", script: "exit 7", interpreter: sh, code: 7},
		{name: "arguments", script: "printf '%s|' \"$@\"", interpreter: sh, args: []string{"a b", "", "c\nd"}, out: "a b||c\nd|"},
		{name: "many arguments", script: "echo $#", interpreter: sh, args: make([]string, 3000), out: "3000\n"},
		{name: "200 KB", script: strings.Repeat(": 'padding'\n", 17_000) + "echo $1 end", interpreter: sh, args: []string{"x"}, out: "x end\n"},
		{name: "for its user alone", script: "stat -c %a \"$0\"", interpreter: sh, out: "600\n"},
		{name: "with the umask of the account", script: "umask 022; umask", interpreter: sh, out: "0022\n"},
		{
			name: "a folder that is not there", script: "echo reached", interpreter: sh, code: 125,
			change: func(c *transport.Command) { c.Dir = "/no/such/folder" },
		},
		{
			name: "no place for the file", script: "echo reached", interpreter: sh, code: 125,
			change: func(c *transport.Command) { c.Env = []string{"TMPDIR=/no/such/folder"} },
		},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			for _, input := range []bool{false, true} {
				dir := scriptFolder(t)
				c := &transport.Command{Script: tt.script, Interpreter: tt.interpreter, Args: tt.args, Env: []string{"TMPDIR=" + dir}}
				if input {
					c.Stdin = strings.NewReader("")
				}
				if tt.change != nil {
					tt.change(c)
				}
				got := run(t.Context(), p, target, c)
				if got.err != nil || got.out != tt.out || got.status.Code != tt.code {
					t.Errorf("input %t: got %.300v, want %.300q and %d", input, got, tt.out, tt.code)
				}
				if left := files(t, dir); len(left) > 0 {
					t.Errorf("input %t: left %v", input, left)
				}
			}
		})
	}
}

// Messages name the file: it has one name everywhere, unless two hosts share
// the folder.
func TestHostsThatShareAFolderHaveAFileEach(t *testing.T) {
	t.Parallel()
	dir := scriptFolder(t)
	_, one := serve(t, sshd.Config{})
	_, two := serve(t, sshd.Config{})
	p := newPool(t, pool.Config{Linger: -1})
	command := func() *transport.Command {
		return &transport.Command{
			Script: "echo $0; echo ready; cat", Interpreter: []string{"/bin/sh", "-u"}, Env: []string{"TMPDIR=" + dir},
		}
	}
	name := func(got outcome) string {
		t.Helper()
		if got.err != nil || !got.status.OK() {
			t.Errorf("got %+v", got)
		}
		first, _, _ := strings.Cut(got.out, "\n")
		return first
	}
	plain := name(run(t.Context(), p, one, command()))
	out, first := watch("ready"), command()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	first.Stdin, first.Stdout = r, out
	done := make(chan error, 1)
	go func() { _, err := p.Run(t.Context(), one, first); done <- err }()
	<-out.seen
	if other := name(run(t.Context(), p, two, command())); other == plain || !strings.HasPrefix(other, plain) {
		t.Errorf("got %q beside %q", other, plain)
	}
	_ = w.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if again := name(run(t.Context(), p, two, command())); again != plain {
		t.Errorf("got %q for the other host alone, want %q", again, plain)
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// A script that lets itself be killed leaves no file.
func TestAKilledScriptLeavesNoFile(t *testing.T) {
	t.Parallel()
	all := logins(t)
	t.Run("the command is canceled", func(t *testing.T) {
		forEachStop(t, all, func(t *testing.T, c stopCase) {
			m, dir := newMark(), scriptFolder(t)
			cmd := c.command(m)
			cmd.Interpreter, cmd.Env = []string{"/bin/sh", "-u"}, []string{"TMPDIR=" + dir}
			if c.input == "stdin" {
				cmd.Stdin = endless(t)
			}
			canceled(t, newPool(t, pool.Config{}), c.target, cmd)
			if left := files(t, dir); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	})
	t.Run("the client is killed", func(t *testing.T) {
		forEachStop(t, all, func(t *testing.T, c stopCase) {
			m, dir := newMark(), scriptFolder(t)
			job := c.job(m)
			job.Interpreter, job.Env = []string{"/bin/sh", "-u"}, []string{"TMPDIR=" + dir}
			client := startClient(t, job)
			if len(files(t, dir)) != 1 {
				t.Errorf("while it runs: %v", files(t, dir))
			}
			if err := client.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			m.mustEnd(t)
			eventually(t, patience, "removed", func() bool { return len(files(t, dir)) == 0 })
		})
	})
}

// What was killed before it began leaves none either.
func TestAScriptThatIsCanceledEarlyLeavesNoFile(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{})
	p := newPool(t, pool.Config{})
	dir := scriptFolder(t)
	for i := range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*2*time.Millisecond)
		c := &transport.Command{Script: "sleep 600", Interpreter: []string{"/bin/sh", "-u"}, Env: []string{"TMPDIR=" + dir}, Grace: time.Second}
		if i%2 > 0 {
			c.Stdin = endless(t)
		}
		_ = run(ctx, p, target, c)
		cancel()
	}
	eventually(t, patience, "removed", func() bool { return len(files(t, dir)) == 0 })
}
