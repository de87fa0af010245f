package source

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a command that runs text by sh.
func script(text string) ExecOptions {
	return ExecOptions{Command: []string{"sh", "-c", text}, Timeout: time.Minute}
}

// names are the hosts of d, in its order.
func names(d *Data) string {
	var out []string
	for _, h := range d.Hosts {
		out = append(out, h.Name)
	}
	return strings.Join(out, " ")
}

// said is all problems as text.
func said(d *Data) string {
	var out []string
	for _, p := range d.Problems {
		kind := "error"
		if p.Warning {
			kind = "warning"
		}
		out = append(out, kind+": "+p.At.String()+": "+p.Summary+": "+p.Detail)
	}
	return strings.Join(out, "\n")
}

func TestExec(t *testing.T) {
	tests := []struct {
		name, script string
		hosts        string
		problem      string // part of what is said; "" for nothing
	}{
		{"a list of names", `printf 'web1\n# no\n\n web2 # yes\n'`, "web1 web2", ""},
		{"JSON names", `echo '["a", "b"]'`, "a b", ""},
		{"JSON objects", `echo '[{"name": "a", "address": "10.0.0.1"}]'`, "a", ""},
		{"Ansible", `echo '{"g": {"hosts": ["a"]}, "h": ["b"]}'`, "a b", ""},
		{"no hosts", `echo '[]'`, "", ""},
		{"nothing", `true`, "", "It printed nothing"},
		{"status", `echo oops >&2; printf '\033[31mred\033[0m\n' >&2; exit 3`, "", "it exited with status 3. It said: oops / red"},
		{"much on stderr", `yes warning | head -n 100000 >&2; echo the end >&2; exit 1`, "", "warning / the end"},
		{"a signal", `kill -9 $$`, "", "it ended by signal: killed"},
		{"garbage", `echo '{"a": '`, "", "it ends too early"},
		{"a page of the web", `echo '<html>'`, "", `"<html>" is no name for a host`},
		{"no UTF-8", `printf 'a\n\377\n'`, "", "it is not UTF-8"},
		{"no UTF-8 in JSON", `printf '["\377"]'`, "", "it is not UTF-8"},
		{"twice", `printf 'a\nb\na\n'`, "a b", `"a" stands in the source twice, first at`},
		{"twice in JSON", `echo '{"g": [], "g": []}'`, "", `the name "g" stands in an object twice`},
		{"a space", `echo 'web 1'`, "", `"web 1" is no name for a host: ' ' is not allowed`},
		{"a line in a name", `printf '%s' '["a\nb"]'`, "", `"a b" is no name for a host: '\n' is not allowed`},
		{"a dash", `echo '-oProxyCommand=x'`, "", "begins with a dash"},
		{"an escape sequence", `printf '%s' '["a\u001b[31m"]'`, "", `"a?[31m" is no name for a host`},
		{"a name that turns text around", `printf '%s' '["a\u202eb"]'`, "", `"a?b" is no name for a host: '\u202e' is not allowed`},
		{"a range", `echo 'web[1-3]'`, "", "a range of hosts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Exec(t.Context(), script(tt.script))
			if got := names(d); got != tt.hosts {
				t.Errorf("hosts %q, want %q", got, tt.hosts)
			}
			if got := said(d); !strings.Contains(got, tt.problem) || (got == "") != (tt.problem == "") || strings.ContainsAny(got, "\x1b\u202e") {
				t.Errorf("%q, want %q", got, tt.problem)
			}
		})
	}
}

func TestExecTellsWhatCannotBeRun(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "hosts.sh"), "#!/bin/sh\necho a\n")
	for _, tt := range []struct{ command, want string }{
		{"no-such-program-anywhere", "executable file not found"},
		{"./no-such-file", "no such file"},
		{"./hosts.sh", "chmod +x"},
		{"", "The command is empty"},
	} {
		d := Exec(t.Context(), ExecOptions{Command: []string{tt.command}, Dir: dir})
		if got := said(d); !strings.Contains(got, tt.want) {
			t.Errorf("%q: %s", tt.command, got)
		}
	}
}

func TestExecRunsInItsFolderWithItsEnvironment(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "hosts.sh"), "#!/bin/sh\ncat list; echo $WHO\n")
	write(t, filepath.Join(dir, "list"), "a\n")
	if err := os.Chmod(filepath.Join(dir, "hosts.sh"), 0o700); err != nil {
		t.Fatal(err)
	}
	d := Exec(t.Context(), ExecOptions{Command: []string{"./hosts.sh"}, Dir: dir, Env: map[string]string{"WHO": "b"}, Timeout: time.Minute})
	if names(d) != "a b" || len(d.Problems) > 0 {
		t.Errorf("%q %s", names(d), said(d))
	}
}

func TestExecHasNoInput(t *testing.T) {
	if d := Exec(t.Context(), script(`cat; echo a`)); names(d) != "a" {
		t.Error(said(d))
	}
}

func TestExecStopsAFlood(t *testing.T) {
	d := Exec(t.Context(), script(`trap '' PIPE; yes 0123456789012345678901234567890123456789 | head -c 1000000000; sleep 1000`))
	if got := said(d); !strings.Contains(got, "it printed more than 64 MiB") {
		t.Error(got)
	}
}

func TestExecEndsWithTheCaller(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the user left"))
	o := script("echo a")
	o.Cache, o.CacheDir = time.Hour, t.TempDir()
	if d := Exec(ctx, o); !strings.Contains(said(d), "the user left") {
		t.Error(said(d))
	}
}

// write makes a file that only its owner can read.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
