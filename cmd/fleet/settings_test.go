package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSettings(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want settings
		bad  bool
	}{
		"nothing":     {text: "", want: settings{idle: defaultIdle}},
		"empty block": {text: "agent {}\n", want: settings{idle: defaultIdle}},
		"the example": {text: agentDef().Example, want: settings{auto: true, idle: 30 * time.Minute}},
		"expressions": {text: "agent {\n  auto = !false\n  idle_timeout = \"${2 * 3}h\"\n}\n", want: settings{auto: true, idle: 6 * time.Hour}},
		"null":        {text: "agent {\n  auto = null\n}\n", want: settings{idle: defaultIdle}},
		"no bool":     {text: "agent {\n  auto = \"perhaps\"\n}\n", bad: true},
		"no time":     {text: "agent {\n  idle_timeout = \"0s\"\n}\n", bad: true},
		"other block": {text: "host \"a\" {}\n", bad: true},
		"two":         {text: "agent {}\nagent {}\n", bad: true},
		"no text":     {text: "\x00", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "fleet", "config.hcl")
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			a := newApp(env{stderr: io.Discard, lookup: func(name string) (string, bool) {
				return dir, name == "XDG_CONFIG_HOME"
			}})
			got, err := a.settings()
			if (err != nil) != c.bad || err == nil && got != c.want {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestWhereTheConfigurationIs(t *testing.T) {
	for name, c := range map[string]struct{ config, home, want string }{
		"of its own":     {"/c", "/h", "/c/fleet/config.hcl"},
		"at home":        {"", "/h", "/h/.config/fleet/config.hcl"},
		"not absolute":   {"c", "/h", "/h/.config/fleet/config.hcl"},
		"without a home": {"", "", ""},
	} {
		e := env{lookup: func(name string) (string, bool) {
			return map[string]string{"XDG_CONFIG_HOME": c.config, "HOME": c.home}[name], true
		}}
		if got := filepath.ToSlash(settingsFile(&e)); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
