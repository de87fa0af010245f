package ansible

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fleet/internal/lang"
	"fleet/inventory/source"
)

// write puts files into a new folder and returns it.
func write(t testing.TB, f files) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range f {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// told lists problems as "file:line: Summary: detail", warnings with a mark.
func told(dir string, d *source.Data) []string {
	var out []string
	for _, p := range d.Problems {
		mark := ""
		if p.Warning {
			mark = "warning: "
		}
		rel, err := filepath.Rel(dir, p.At.File)
		if err != nil {
			rel = p.At.File
		}
		out = append(out, fmt.Sprintf("%s:%d: %s%s: %s", filepath.ToSlash(rel), p.At.Line, mark, p.Summary, p.Detail))
	}
	return out
}

func TestProblemsNameTheirPlace(t *testing.T) {
	tests := []struct {
		name  string
		files files
		want  []string // beginnings of what is told, in order
	}{
		{"a space in a host", files{"hosts": "\n'a b'\n"}, []string{`hosts:2: Invalid host name: "a b" cannot be`}},
		{"a dash before a host", files{"hosts": "-oProxyCommand=x\n"}, []string{`hosts:1: Invalid host name: "-oProxyCommand=x" cannot be`}},
		{"an escape sequence in a host", files{"hosts": "a\x1b[31mb\n"}, []string{`hosts:1: Invalid host range: "a\x1b[31mb"`}},
		{"a control character in a host", files{"hosts": "a\x07\n"}, []string{`hosts:1: Invalid host name: "a\a" cannot be`}},
		{"a newline in a host", files{"h.yml": "all:\n  hosts:\n    \"a\\nb\":\n"}, []string{`h.yml:3: Invalid host name: "a\nb" cannot be`}},
		{"a folder as a host", files{"hosts": "..\n"}, []string{`hosts:1: Invalid host name: ".." cannot be`}},
		{"a host that is a number", files{"h.yml": "all:\n  hosts:\n    12:\n"}, []string{`h.yml:3: Invalid host name: "12" is not a text`}},
		{"a port that is none", files{"hosts": "b:99999999999999999999\na:\n"}, []string{`hosts:1: Invalid host name: The port`, `hosts:2: Invalid host name: "a:" ends in a colon`}},
		{
			"ranges",
			files{"hosts": "a[1-3]\na[1\na[01:100]\na[b:a]\na[1:2:0]\na[1:99999999999]\na[:5]b[1:]\n"},
			[]string{
				`hosts:1: Invalid host range: "a[1-3]" is no range of hosts: a range is written`, "hosts:2: Invalid host range: ", "hosts:3: Invalid host range: ",
				"hosts:4: Invalid host range: ", "hosts:5: Invalid host range: ", "hosts:6: Invalid host range: ", "hosts:7: Invalid host range: ",
			},
		},
		{"a range of nothing", files{"hosts": "a[3:1]\n"}, []string{`hosts:1: warning: Empty host range`}},
		{"too large a range", files{"hosts": "a[1:999999999]\nb[1:2000][1:2000]\n"}, []string{"hosts:1: Invalid host range: ", "hosts:2: Invalid host range: "}},
		{"sections", files{"hosts": "[web db]\na\n[web:hots]\n[web:vars]\nx\n[w/b]\n"}, []string{
			"hosts:1: Invalid inventory line", "hosts:3: Invalid inventory line", "hosts:5: Invalid inventory line", `hosts:6: Invalid group name: "w/b"`, `hosts:4: Undefined group: [web:vars]`,
		}},
		{"a word without a value", files{"hosts": "a ansible_password=my secret\n"}, []string{"hosts:1: Invalid inventory line: After the host"}},
		{"a quote", files{"hosts": "a x='y\n"}, []string{"hosts:1: Invalid inventory line: The line cannot be read: a quote is not closed."}},
		{"another encoding", files{"hosts": "# \xe9\na x=\xe9\n"}, []string{"hosts:2: Invalid inventory line: The line cannot be read: it is not in UTF-8."}},
		{"undefined groups", files{"hosts": "[a:children]\nb\n[c:vars]\nx=1\n"}, []string{`hosts:2: Undefined group: "b"`, "hosts:3: Undefined group: [c:vars]"}},
		{"a loop", files{"hosts": "[a:children]\nb\n[b:children]\nc\n[c:children]\na\n[d:children]\na\n"}, []string{"hosts:6: Group loop: "}},
		{"a loop of one", files{"hosts": "[a:children]\na\n"}, []string{"hosts:2: Group loop: "}},
		{"all below a group", files{"hosts": "[a:children]\nall\nungrouped\n"}, []string{"hosts:2: Group loop: ", "hosts:3: Group loop: "}},
		{"a broken file in YAML", files{"h.yml": "all:\n  hosts:\n    a: {\n"}, []string{"h.yml:"}},
		{"two documents", files{"h.yml": "all:\n---\nall:\n"}, []string{"h.yml:2: Invalid YAML: The file cannot be read: it holds more than one document."}},
		{"a list for an inventory", files{"h.yml": "- a\n"}, []string{"h.yml:1: Invalid inventory: "}},
		{"a text for hosts", files{"h.yml": "all:\n  hosts: [a]\n  foo: 1\n"}, []string{"h.yml:2: Invalid inventory: ", "h.yml:3: warning: Unknown key: "}},
		{"an unknown tag", files{"h.yml": "all:\n  vars:\n    x: !!python/object:os.system y\n"}, []string{`h.yml:3: Invalid YAML: `}},
		{"a key twice", files{"h.yml": "all:\n  vars:\n    x: 1\n    x: 2\n"}, []string{`h.yml:4: warning: Duplicate key: "x"`}},
		{"a plugin", files{"h.yml": "plugin: aws_ec2\n"}, []string{"h.yml:1: Inventory plugin: "}},
		{"a program", files{"hosts": "#!/bin/sh\necho\n"}, []string{`hosts:0: Program in an inventory: It is a program, which is not run here. To use what it prints: source "exec" with command = ["hosts"`}},
		{"a vault", files{"hosts": "$ANSIBLE_VAULT;1.1;AES256\n6162\n"}, []string{"hosts:0: Encrypted inventory: "}},
		{"a value in a vault", files{"h.yml": "all:\n  vars:\n    x: !vault |\n      $ANSIBLE_VAULT\n    y: [1, !vault z]\n"}, []string{"h.yml:3: warning: Value kept in a vault: ", "h.yml:5: warning: Value kept in a vault: "}},
		{"variables in a vault", files{"hosts": "[web]\na\n", "group_vars/web.yml": "$ANSIBLE_VAULT;1.1;AES256\n"}, []string{"group_vars/web.yml:0: warning: Value kept in a vault: "}},
		{"a list of variables", files{"hosts": "a\n", "host_vars/a": "- x\n"}, []string{"host_vars/a:1: Invalid inventory: A file of variables"}},
		{"a priority", files{"hosts": "[a]\n[a:vars]\nansible_group_priority=high\n"}, []string{"hosts:3: Invalid inventory line: ansible_group_priority"}},
		{"a host named like a group", files{"hosts": "[a]\na\n"}, []string{"hosts:2: warning: Host named like a group: "}},
		{"passwords for the login", files{"hosts": "a[1:3] ansible_password=p\n"}, []string{"hosts:1: warning: Login password in an inventory: "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := write(t, tt.files)
			path := filepath.Join(dir, "hosts")
			if _, ok := tt.files["h.yml"]; ok {
				path = filepath.Join(dir, "h.yml")
			}
			got := told(dir, Load(t.Context(), Options{Path: path}))
			if len(got) != len(tt.want) {
				t.Fatalf("got %d problems, want %d:\n%s", len(got), len(tt.want), strings.Join(got, "\n"))
			}
			for i := range got {
				if !strings.HasPrefix(got[i], tt.want[i]) {
					t.Errorf("got  %s\nwant %s...", got[i], tt.want[i])
				}
				if strings.Contains(got[i], "secret") && tt.name != "a value in a vault" && !strings.Contains(got[i], "secret block") {
					t.Errorf("a password is told: %s", got[i])
				}
			}
		})
	}
}

func TestAFolderIsSeveralInventories(t *testing.T) {
	dir := write(t, files{
		"1-hosts":   "[web]\na\n",
		"2-script":  "#!/bin/sh\nexit 1\n",
		"3.yml":     "plugin: aws_ec2\n",
		"4-vault":   "$ANSIBLE_VAULT;1.1;AES256\n",
		"5.toml":    "[web]\n",
		"README.md": "No inventory at all.\n",
		".hidden":   "b\n",
		"more/6":    "[web]\nc\n",
	})
	d := Load(t.Context(), Options{Path: dir})
	var names []string
	for _, h := range d.Hosts {
		names = append(names, h.Name)
	}
	if want := []string{"a", "c"}; !slices.Equal(names, want) {
		t.Errorf("hosts are %q, want %q", names, want)
	}
	want := []string{"2-script:0: warning: Program", "3.yml:1: warning: Inventory plugin", "4-vault:0: warning: Encrypted", "5.toml:0: warning: Inventory in TOML"}
	got := told(dir, d)
	if len(got) != len(want) {
		t.Fatalf("got problems:\n%s", strings.Join(got, "\n"))
	}
	for i := range got {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("got %s, want %s...", got[i], want[i])
		}
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "missing"): "Unreadable inventory",
		os.DevNull:                    "neither a file nor a folder",
	} {
		got := told(dir, Load(t.Context(), Options{Path: path}))
		if len(got) != 1 || !strings.Contains(got[0], want) || strings.Contains(got[0], "warning") {
			t.Errorf("%s: got %q, want an error with %q", path, got, want)
		}
	}
}

func TestStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the time is up"))
	dir := write(t, files{"hosts": "a\n"})
	got := told(dir, Load(ctx, Options{Path: filepath.Join(dir, "hosts")}))
	if len(got) != 1 || !strings.Contains(got[0], "the time is up") {
		t.Errorf("got %q, want that the time is up", got)
	}
}

func TestConnectionVariablesBecomeSettings(t *testing.T) {
	dir := write(t, files{
		"hosts": "[web]\na ansible_host=10.0.0.1 ansible_become_pass=\"hush\"\nb\n\n" +
			"[web:vars]\nansible_user=deploy\nansible_become=yes\nansible_port=22\n",
		"group_vars/web.yml": "ansible_port: 2222\nansible_ssh_common_args: -J jump.example.com\n",
	})
	d := Load(t.Context(), Options{Path: filepath.Join(dir, "hosts")})
	if len(d.Problems) > 0 {
		t.Fatalf("problems: %q", told(dir, d))
	}
	g := d.Groups[0]
	for setting, want := range map[string]string{"user": "deploy hosts:6", "port": "2222 group_vars/web.yml:1"} {
		v := g.Settings[setting]
		rel, err := filepath.Rel(dir, v.At.File)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%s %s:%d", v.AsString(), filepath.ToSlash(rel), v.At.Line); got != want {
			t.Errorf("%s of the group is %s, want %s", setting, got, want)
		}
	}
	a := d.Hosts[0]
	if !lang.IsSensitive(a.Vars["ansible_become_pass"].Value) || !lang.IsSensitive(a.Settings["become.password"].Value) {
		t.Error("the password can be shown")
	}
	if got := a.Settings["address"].AsString(); got != "10.0.0.1" {
		t.Errorf("address is %s", got)
	}
}

// What group_vars say of a parent hides what an inventory file says of a child,
// which the order of groups cannot tell.
func TestGroupVarsOfParentsHideVariablesOfChildren(t *testing.T) {
	dir := write(t, files{
		"hosts":             "[child]\na\nb x=own\n[parent:children]\nchild\n[child:vars]\nx=child\ny=child\nz=child\n",
		"group_vars/parent": "x: parent\n",
		"group_vars/all":    "y: all\n",
	})
	d := Load(t.Context(), Options{Path: filepath.Join(dir, "hosts")})
	if v := d.Hosts[0].Vars["x"]; v.AsString() != "parent" || filepath.Base(v.At.File) != "parent" || v.At.Line != 1 {
		t.Errorf("x of a is %s from %s:%d", v.AsString(), v.At.File, v.At.Line)
	}
	got := viewOf(d)
	want := map[string]map[string]any{"a": {"x": "parent", "y": "all", "z": "child"}, "b": {"x": "own", "y": "all", "z": "child"}}
	for host, vars := range want {
		for name, v := range vars {
			if got.Vars[host][name] != v {
				t.Errorf("%s of %s is %v, want %v", name, host, got.Vars[host][name], v)
			}
		}
	}
}
