package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fleet/internal/sshconfig"
)

func TestSSHConfig(t *testing.T) {
	home := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(home, ".ssh", "conf.d"), 0o700))
	write(t, filepath.Join(home, ".ssh", "config"), "Include conf.d/*\nHost *.lan !no.lan web db1 db2\n  User x\nHost me@web\nMatch host other\n")
	write(t, filepath.Join(home, ".ssh", "conf.d", "a"), "Host nas.lan web\n")
	tests := []struct {
		name             string
		include, exclude []string
		hosts, problem   string
	}{
		{"all", nil, nil, "db1 db2 nas.lan web", `"me@web" is no name for a host, and is left out`},
		{"some", []string{"*.lan", "db?"}, []string{"db1"}, "db2 nas.lan", ""},
		{"a mistake", []string{"db*", "wbe"}, nil, "db1 db2", `"wbe" matches no host`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := SSHConfig(t.Context(), SSHConfigOptions{Files: sshconfig.Files{Home: home, System: "none"}, Include: tt.include, Exclude: tt.exclude})
			got := said(d)
			if names(d) != tt.hosts || d.broken() || !strings.Contains(got, tt.problem) || (got == "") != (tt.problem == "") {
				t.Errorf("%q, want %q: %s", names(d), tt.hosts, got)
			}
			for _, h := range d.Hosts {
				if h.Name == "nas.lan" && (h.At != Place{"~/.ssh/conf.d/a", 1}) {
					t.Errorf("%+v", h)
				}
			}
		})
	}
}

func TestSSHConfigThatCannotBeRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	if d := SSHConfig(t.Context(), SSHConfigOptions{Files: sshconfig.Files{User: path}}); !d.broken() {
		t.Error(said(d))
	}
	write(t, path, "Host web\nPort x\n")
	if d := SSHConfig(t.Context(), SSHConfigOptions{Files: sshconfig.Files{User: path}}); !strings.Contains(said(d), "line 2") {
		t.Error(said(d))
	}
}
