package term

import (
	"bytes"
	"strings"
	"testing"
)

func environment(vars string) func(string) string {
	return func(name string) string {
		for _, v := range strings.Fields(vars) {
			if n, value, _ := strings.Cut(v, "="); n == name {
				return value
			}
		}
		return ""
	}
}

func TestColor(t *testing.T) {
	tests := []struct {
		mode     string
		terminal bool
		env      string
		want     bool
	}{
		{"auto", true, "TERM=xterm", true},
		{"auto", false, "TERM=xterm", false},
		{"auto", true, "TERM=dumb", false},
		{"auto", true, "TERM=xterm NO_COLOR=1 CLICOLOR_FORCE=1", false},
		{"auto", false, "CLICOLOR_FORCE=1 CLICOLOR=0", true},
		{"auto", false, "TERM=xterm CLICOLOR_FORCE=0", false},
		{"auto", true, "TERM=xterm CLICOLOR=0", false},
		{"auto", false, "TERM=xterm CLICOLOR=1", false},
		{"always", false, "TERM=dumb NO_COLOR=1", true},
		{"never", true, "TERM=xterm CLICOLOR_FORCE=1", false},
	}
	for _, tt := range tests {
		if got := Color(tt.mode, tt.terminal, environment(tt.env)); got != tt.want {
			t.Errorf("Color(%q, %v) with %q = %v", tt.mode, tt.terminal, tt.env, got)
		}
	}
}

func TestLive(t *testing.T) {
	tests := []struct {
		terminal bool
		env      string
		want     bool
	}{
		{true, "TERM=xterm", true},
		{true, "TERM=xterm CI=false", true},
		{true, "TERM=xterm CI=true", false},
		{true, "TERM=dumb", false},
		{false, "TERM=xterm", false},
	}
	for _, tt := range tests {
		if got := Live(tt.terminal, environment(tt.env)); got != tt.want {
			t.Errorf("Live(%v) with %q = %v", tt.terminal, tt.env, got)
		}
	}
}

func TestABufferIsNoTerminal(t *testing.T) {
	var b bytes.Buffer
	if IsTerminal(&b) {
		t.Error("it is")
	}
	if w, h := Size(&b); w != 80 || h != 24 {
		t.Errorf("size %d x %d", w, h)
	}
}

func TestTruncate(t *testing.T) {
	tests := []struct {
		in    string
		width int
		want  string
	}{
		{"short", 10, "short"},
		{"exactly", 7, "exactly"},
		{"a bit longer", 6, "a bit…"},
		{"世界世界", 5, "世界…"},
		{"x", 0, ""},
	}
	for _, tt := range tests {
		if got := Truncate(tt.in, tt.width); got != tt.want {
			t.Errorf("Truncate(%q, %d) = %q, want %q", tt.in, tt.width, got, tt.want)
		}
	}
}
