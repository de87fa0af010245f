package facts

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// shells take "-c SCRIPT" as sh does. All are tested that are installed; the
// first one has to be.
var shells = [][]string{
	{"sh"},
	{"bash", "--posix"},
	{"bash"},
	{"dash"},
	{"busybox", "ash"},
	{"mksh"},
	{"ksh"},
	{"zsh", "--emulate", "sh"},
	{"yash"},
	{"posh"},
}

// eachShell runs test with the words of every shell.
func eachShell(t *testing.T, test func(t *testing.T, shell []string)) {
	for _, shell := range shells {
		path, err := exec.LookPath(shell[0])
		if err != nil && shell[0] != "sh" {
			continue // one of many; the others are tested
		}
		t.Run(strings.Join(shell, " "), func(t *testing.T) {
			if err != nil {
				t.Fatal(err)
			}
			test(t, append([]string{path}, shell[1:]...))
		})
	}
}

// answer runs the probe; path is its PATH.
func answer(t *testing.T, shell []string, path string) cty.Value {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), shell[0], append(shell[1:], "-c", probe)...)
	cmd.Env = []string{"PATH=" + path}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", shell, err, out)
	}
	for line := range strings.Lines(string(out)) {
		if name, _, ok := strings.Cut(line, "="); !ok || strings.ContainsAny(name, " :") {
			t.Errorf("the probe printed %q", line)
		}
	}
	return parse(string(out))
}

func TestTheProbeTellsTheTruthInEveryShell(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("only what every system has is compared")
	}
	eachShell(t, func(t *testing.T, shell []string) {
		v := answer(t, shell, os.Getenv("PATH"))
		want := map[string]string{"kernel": run(t, "uname", "-r"), "hostname": run(t, "uname", "-n"), "arch": run(t, "uname", "-m"), "os": runtime.GOOS}
		for name, w := range want {
			if got := v.GetAttr(name); got.IsNull() || got.AsString() != w {
				t.Errorf("%s is %#v, not %q", name, got, w)
			}
		}
		for _, name := range []string{"distro", "cpus", "memory"} {
			if v.GetAttr(name).IsNull() {
				t.Errorf("%s is null", name)
			}
		}
	})
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// Systems that no test runs on, by commands that print what theirs print.
func TestTheProbeKnowsOtherSystems(t *testing.T) {
	const unknown = "exit 1"
	tests := []struct {
		name     string
		commands map[string]string
		want     map[string]any
	}{
		{
			"macOS",
			map[string]string{
				"uname":   `case $1 in -s) echo Darwin;; -r) echo 23.4.0;; -m) echo arm64;; -n) echo mac.local;; esac`,
				"sw_vers": `echo 14.4.1`,
				"getconf": `[ "$1" = _NPROCESSORS_ONLN ] && echo 10`,
				"sysctl":  `[ "$2" = hw.memsize ] && echo 17179869184`,
			},
			map[string]any{
				"os": "darwin", "arch": "arm64", "kernel": "23.4.0", "hostname": "mac.local",
				"distro": "macos", "distro_version": "14.4.1", "cpus": 10, "memory": 16384,
			},
		},
		{
			"FreeBSD",
			map[string]string{
				"uname":   `case $1 in -s) echo FreeBSD;; -r) echo 14.1-RELEASE-p5;; -m) echo amd64;; -n) echo fb;; esac`,
				"getconf": `[ "$1" = _NPROCESSORS_ONLN ] && echo 4`,
				"sysctl":  `[ "$2" = hw.physmem ] && echo 8546996224`,
			},
			map[string]any{
				"os": "freebsd", "arch": "amd64", "kernel": "14.1-RELEASE-p5",
				"distro": "freebsd", "distro_version": "14.1", "cpus": 4, "memory": 8151,
			},
		},
		{
			"OpenBSD",
			map[string]string{
				"uname":   `case $1 in -s) echo OpenBSD;; -r) echo 7.5;; -m) echo amd64;; -n) echo ob;; esac`,
				"getconf": unknown, "nproc": unknown,
				"sysctl": `case $2 in hw.ncpu) echo 2;; hw.physmem) echo 4278059008;; *) exit 1;; esac`,
			},
			map[string]any{"os": "openbsd", "distro": "openbsd", "distro_version": "7.5", "cpus": 2, "memory": 4079},
		},
		{
			"NetBSD",
			map[string]string{
				"uname":   `case $1 in -s) echo NetBSD;; -r) echo 10.0;; -m) echo evbarm;; -n) echo nb;; esac`,
				"getconf": `[ "$1" = NPROCESSORS_ONLN ] && echo 3`, "nproc": unknown,
				"sysctl": `[ "$2" = hw.physmem64 ] && echo 2147483648`,
			},
			map[string]any{"os": "netbsd", "distro_version": "10.0", "cpus": 3, "memory": 2048},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := commands(t, tt.commands)
			eachShell(t, func(t *testing.T, shell []string) {
				v := answer(t, shell, dir)
				for name, want := range tt.want {
					if got := plain(v.GetAttr(name)); got != want {
						t.Errorf("%s is %v, not %v", name, got, want)
					}
				}
			})
		})
	}
}

// commands makes a folder of scripts.
func commands(t *testing.T, bodies map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range bodies {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheProbeWorksWithNothingButBusybox(t *testing.T) {
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		if os.Getenv("FLEET_REQUIRE_SSHD") == "1" {
			t.Fatal("busybox is not installed, and FLEET_REQUIRE_SSHD is set")
		}
		t.Skip("busybox is not installed")
	}
	dir := t.TempDir()
	for applet := range strings.Lines(run(t, busybox, "--list")) {
		if err := os.Symlink(busybox, filepath.Join(dir, strings.TrimSpace(applet))); err != nil {
			t.Fatal(err)
		}
	}
	v := answer(t, []string{filepath.Join(dir, "sh")}, dir)
	for name, v := range v.AsValueMap() {
		if v.IsNull() && name != "distro_version" {
			t.Errorf("%s is null", name)
		}
	}
	if got, want := plain(v.GetAttr("cpus")), run(t, "getconf", "_NPROCESSORS_ONLN"); strconv.Itoa(got.(int)) != want {
		t.Errorf("cpus is %v, not %s", got, want)
	}
}

// plain is a fact as Go has it.
func plain(v cty.Value) any {
	switch {
	case v.IsNull():
		return nil
	case v.Type() == cty.Number:
		n, _ := v.AsBigFloat().Int64()
		return int(n)
	}
	return v.AsString()
}
