//go:build linux

package pool_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fleet/internal/opensshd"
	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
	"fleet/transport/transporttest"
)

// loginShells are tested where they are installed; the first ones have to be.
var loginShells = []struct {
	name     string
	required bool
	startup  string // a file in the home folder that every command reads
}{
	{"sh", true, ""},
	{"bash", true, ".bashrc"},
	{"dash", true, ""},
	{"fish", true, ".config/fish/config.fish"},
	{"tcsh", true, ".tcshrc"},
	{"zsh", false, ".zshenv"},
	{"mksh", false, ""},
	{"ksh", false, ""},
}

// forEachShell runs test with an account of each login shell. Start-up files
// print on both streams: nothing of it may be taken for output.
func forEachShell(t *testing.T, test func(*testing.T, *pool.Pool, transport.Target)) {
	for _, shell := range loginShells {
		t.Run(shell.name, func(t *testing.T) {
			t.Parallel()
			path, err := exec.LookPath(shell.name)
			if err != nil && !shell.required {
				t.Skip(err)
			}
			needTool(t, shell.name)
			home := t.TempDir()
			if shell.startup != "" {
				file := filepath.Join(home, shell.startup)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte("echo welcome\necho\necho to this host\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			_, target := serve(t, sshd.Config{Shell: path, Home: home, Version: "SSH-2.0-OpenSSH_9.9"})
			test(t, newPool(t, pool.Config{Linger: -1, OpenAhead: true}), target)
		})
	}
}

func TestPoolKeepsTheContractForEveryLoginShell(t *testing.T) {
	t.Parallel()
	forEachShell(t, func(t *testing.T, p *pool.Pool, target transport.Target) {
		transporttest.Run(t, p, target, transporttest.Options{})
	})
}

// Through a real sshd, where the test can make accounts that have the shell.
func TestScriptsReachTheShellUnchangedThroughEveryLoginShell(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		forEachShell(t, scripts)
		return
	}
	for _, shell := range loginShells {
		t.Run(shell.name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(shell.name); err != nil && !shell.required {
				t.Skip(err)
			}
			needTool(t, shell.name)
			_, target := startSSHD(t, opensshd.Options{Shell: shell.name})
			scripts(t, newPool(t, pool.Config{Linger: -1, OpenAhead: true}), target)
		})
	}
}

// scripts runs what a login shell, a quoting or a size may spoil.
func scripts(t *testing.T, p *pool.Pool, target transport.Target) {
	long := strings.Repeat("x ' \" \\ ! $ ` * ä ~ ", 150) // some 3000 bytes
	all := "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \t!!:0 !$ ^a^b"
	for _, test := range []struct {
		name, script string
		args         []string
		code         int
		signal       string
		out          string
	}{
		{name: "every sign", script: "printf '%s' " + pool.Quote(all), out: all},
		{name: "quotes", script: `echo "it's" 'a "b"' \'c\'`, out: "it's a \"b\" 'c'\n"},
		{name: "exclamation marks", script: "echo a!b '!!' !$ \"!x\"\n! false && echo yes", out: "a!b !! !$ !x\nyes\n"},
		{name: "newlines", script: "\n\nfor i in 1 2\ndo\n\techo $i\ndone\n\n", out: "1\n2\n"},
		{name: "carriage returns", script: "printf '%s' 'a\rb'", out: "a\rb"},
		{name: "UTF-8", script: "echo 'grüße 漢字 🐧'", out: "grüße 漢字 🐧\n"},
		{name: "bytes that are no UTF-8", script: "printf '%s' '\xff\xfe\x80'", out: "\xff\xfe\x80"},
		{name: "a long line", script: "printf '%s' " + pool.Quote(long), out: long},
		{name: "a long argument", script: "printf '%s' \"$2\"", args: []string{"", long}, out: long},
		{name: "an argument of several lines", script: "printf '%s' \"$1\"", args: []string{"a\n\nb\n"}, out: "a\n\nb\n"},
		{name: "300 KB of arguments", script: "echo ${#1} ${#2} $3", args: []string{strings.Repeat("a", 100_000), strings.Repeat("'", 200_000), "end"}, out: "100000 200000 end\n"},
		{name: "many arguments", script: "echo $#", args: make([]string, 300), out: "300\n"},
		{name: "a syntax error", script: "echo before\nif then fi (", code: 2},
		{name: "exit 3", script: "exit 3", code: 3},
		{name: "kill", script: "kill -9 $$; echo on", code: 137, signal: "KILL"},
		{name: "backslashes at line ends", script: "echo a\\\nb; echo 'c\\\nd'", out: "ab\nc\\\nd\n"},
		{name: "6 KB of quotes", script: "echo " + strings.Repeat(`\'\!`+"\n: ", 1000) + "\n", out: strings.Repeat("'!\n", 1)},
		{name: "20 KB", script: strings.Repeat("# comment 'x' \"!\n", 1250) + "echo end", out: "end\n"},
		{name: "20 KB and exit", script: strings.Repeat(": 'padding'\n", 1700) + "(exit 7)", code: 7},
		{name: "300 KB", script: "x='" + strings.Repeat("0123456789abcde\n", 19_000) + "'\necho ${#x} \"$1\"", args: []string{"arg"}, out: "304000 arg\n"},
		{name: "300 KB and exit", script: strings.Repeat(": 'padding'\n", 26_000) + "exit 9", code: 9},
	} {
		got := run(t.Context(), p, target, &transport.Command{Script: test.script, Args: test.args})
		if got.err != nil || got.status != (transport.Status{Code: test.code, Signal: test.signal}) {
			t.Errorf("%s: got %+v and %v, stderr %q, want %d %s", test.name, got.status, got.err, got.errOut, test.code, test.signal)
		}
		if test.name != "a syntax error" && got.out != test.out {
			t.Errorf("%s: got %.200q, want %.200q", test.name, got.out, test.out)
		}
		if test.name == "a syntax error" && !strings.Contains(strings.ToLower(got.errOut), "syntax error") {
			t.Errorf("%s: got stderr %q", test.name, got.errOut)
		}
		// The same with an input, which takes another way to the host.
		got = run(t.Context(), p, target, &transport.Command{Script: test.script, Args: test.args, Stdin: strings.NewReader("")})
		if got.err != nil || got.status.Code != test.code || test.name != "a syntax error" && got.out != test.out {
			t.Errorf("%s, with input: got %+v %.200q and %v", test.name, got.status, got.out, got.err)
		}
	}
}
