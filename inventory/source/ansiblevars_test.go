package source

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
)

// texts makes variables of pairs.
func texts(pairs ...string) map[string]Value {
	out := map[string]Value{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = Value{Value: cty.StringVal(pairs[i+1]), At: Place{File: "hosts", Line: i/2 + 1}}
	}
	return out
}

// shown writes settings as name=value lines.
func shown(m map[string]Value) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		v, marks := m[name].UnmarkDeep()
		text := "null"
		switch {
		case v.IsNull():
		case v.Type().IsListType():
			var parts []string
			for _, e := range v.AsValueSlice() {
				parts = append(parts, e.AsString())
			}
			text = "[" + strings.Join(parts, " ") + "]"
		default:
			text = v.AsString()
		}
		if len(marks) > 0 {
			text = "(" + text + ")"
		}
		lines = append(lines, name+"="+text)
	}
	return strings.Join(lines, "\n")
}

func TestMapAnsible(t *testing.T) {
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		vars     map[string]Value
		want     string
		warnings []string // parts of them
	}{
		{"nothing", texts("port", "1"), "", nil},
		{
			"the plain ones", texts("ansible_host", "10.0.0.1", "ansible_port", "2222", "ansible_user", "deploy", "ansible_ssh_private_key_file", "~/.ssh/k"),
			"address=10.0.0.1\nidentity=~/.ssh/k\nport=2222\nuser=deploy", nil,
		},
		{"old names win, as in Ansible", texts("ansible_host", "new", "ansible_ssh_host", "old"), "address=old", nil},
		{"a relative key is in the working folder", texts("ansible_private_key_file", "keys/k"), "identity=" + filepath.Join(wd, "keys/k"), nil},
		{"a template is not evaluated", texts("ansible_host", "{{ ip }}"), "", []string{"ansible_host holds a template"}},
		{"an empty text is none", texts("ansible_user", ""), "", nil},
		{"host keys", texts("ansible_host_key_checking", "False"), "host_key=off", nil},
		{"become", texts("ansible_become", "yes", "ansible_become_user", "app", "ansible_become_pass", "x"), "become.method=sudo\nbecome.password=(x)\nbecome.user=app", nil},
		{"nobody to become", texts("ansible_become", "no", "ansible_become_user", "app"), "", nil},
		{"a user to become says not to become one", texts("ansible_become_user", "app"), "", nil},
		{"the full name of a method", texts("ansible_become", "true", "ansible_become_method", "community.general.doas"), "become.method=doas\nbecome.user=root", nil},
		{"another method", texts("ansible_become", "true", "ansible_become_method", "runas"), "", []string{"none of them"}},
		{"a password for the login", texts("ansible_password", "x"), "", []string{"with -k"}},
		{"connections", texts("ansible_connection", "local"), "", []string{`asks for "local"`}},
		{"connections by SSH", texts("ansible_connection", "ansible.builtin.ssh"), "", nil},
		{
			"arguments", texts("ansible_ssh_common_args", `-o ProxyCommand="ssh -W %h:%p -q bastion" -oStrictHostKeyChecking=no -o "UserKnownHostsFile /dev/null"`),
			"host_key=off\nknown_hosts=[/dev/null]\nproxy_command=ssh -W %h:%p -q bastion", nil,
		},
		{"short arguments", texts("ansible_ssh_extra_args", "-Cq -J a,b -p 22 -lroot -i /k"), "identity=/k\njump=[a b]\nport=22\nuser=root", nil},
		{"the first argument counts", texts("ansible_ssh_common_args", "-J a", "ansible_ssh_extra_args", "-J b -o ConnectTimeout=7"), "connect_timeout=7s\njump=[a]", nil},
		{"a variable counts before an argument", texts("ansible_ssh_common_args", "-p 1 -l x", "ansible_port", "2"), "port=2\nuser=x", nil},
		{"no way", texts("ansible_ssh_common_args", "-o ProxyJump=none"), "jump=null", nil},
		{"arguments without a counterpart", texts("ansible_ssh_common_args", "-A -o ForwardX11=yes -L 1:a:2 -p"), "", []string{"-A -o ForwardX11=yes -L 1:a:2 -p."}},
		{"an open quote", texts("ansible_ssh_common_args", `-o "a`), "", []string{"a quote is not closed"}},
		{"no text", map[string]Value{"ansible_port": {Value: cty.EmptyTupleVal}}, "", []string{"must be a text or a number"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := &Data{Hosts: []Host{{Name: "web1", Facets: Facets{Vars: tt.vars}}}}
			d.MapAnsible()
			if diff := cmp.Diff(tt.want, shown(d.Hosts[0].Settings)); diff != "" {
				t.Error(diff)
			}
			if len(d.Problems) != len(tt.warnings) {
				t.Fatalf("problems %v", d.Problems)
			}
			for i, w := range tt.warnings {
				if p := d.Problems[i]; !p.Warning || !strings.Contains(p.Detail, w) || !strings.Contains(p.Detail, "web1") {
					t.Errorf("%+v, want %q", p, w)
				}
			}
		})
	}
}

func TestMapAnsibleHidesPasswords(t *testing.T) {
	d := &Data{Common: Facets{Vars: texts("ansible_become_pass", "x", "ansible_ssh_pass", "y", "port", "1")}}
	d.MapAnsible()
	for name, v := range d.Common.Vars {
		if lang.IsSensitive(v.Value) != (name != "port") {
			t.Errorf("%s: %#v", name, v)
		}
	}
}

// What one setting comes from may stand on several levels.
func TestMapAnsibleAcrossLevels(t *testing.T) {
	data := func(all, parent, web, web1, web2 map[string]Value) *Data {
		return &Data{
			Common: Facets{Vars: all},
			Groups: []Group{
				{Name: "parent", Children: []string{"web"}, Facets: Facets{Vars: parent}},
				{Name: "web", Hosts: []string{"web1", "web2"}, Facets: Facets{Vars: web}},
			},
			Hosts: []Host{{Name: "web1", Facets: Facets{Vars: web1}}, {Name: "web2", Facets: Facets{Vars: web2}}},
		}
	}
	tests := []struct {
		name string
		data *Data
		want [5]string
	}{
		{
			"a level of its own stays one", data(texts("ansible_user", "a"), nil, texts("ansible_user", "b"), nil, texts("ansible_user", "c")),
			[5]string{"user=a", "", "user=b", "", "user=c"},
		},
		{
			"become for one host", data(nil, texts("ansible_become_user", "app"), nil, texts("ansible_become", "yes"), nil),
			[5]string{"", "", "", "become.method=sudo\nbecome.user=app", ""},
		},
		{
			"become for all but one host", data(texts("ansible_become", "yes"), nil, nil, texts("ansible_become", "no"), nil),
			[5]string{"", "", "", "", "become.method=sudo\nbecome.user=root"},
		},
		{
			"arguments replace arguments", data(nil, texts("ansible_ssh_common_args", "-J a -p 7"), nil, nil, texts("ansible_ssh_common_args", "-J b")),
			[5]string{"", "", "", "jump=[a]\nport=7", "jump=[b]"},
		},
		{
			"an old name on a lower level", data(nil, nil, texts("ansible_ssh_port", "7"), texts("ansible_port", "8"), nil),
			[5]string{"", "", "", "port=7", "port=7"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := tt.data
			d.MapAnsible()
			got := [5]string{shown(d.Common.Settings), shown(d.Groups[0].Settings), shown(d.Groups[1].Settings), shown(d.Hosts[0].Settings), shown(d.Hosts[1].Settings)}
			if diff := cmp.Diff(tt.want, got); diff != "" || len(d.Problems) > 0 {
				t.Error(diff, d.Problems)
			}
		})
	}
}

func TestMapAnsibleFoldsWarnings(t *testing.T) {
	d := &Data{Groups: []Group{{Name: "g", Facets: Facets{Vars: texts("ansible_connection", "docker")}}}}
	for i := range 1000 {
		d.Hosts = append(d.Hosts, Host{Name: fmt.Sprintf("n%d", i), Facets: Facets{Vars: texts("ansible_connection", "docker")}})
	}
	d.MapAnsible()
	if len(d.Problems) != 1 || !strings.HasSuffix(d.Problems[0].Detail, "It is about @g,n[0-999].") {
		t.Errorf("%+v", d.Problems)
	}
}

func TestSplitWords(t *testing.T) {
	tests := []struct {
		line string
		want []string
		bad  bool
	}{
		{"", nil, false},
		{"  a\tb \n", []string{"a", "b"}, false},
		{`a'b c'd "" ''`, []string{"ab cd", "", ""}, false},
		{`"a \"b\" \n \\" \"`, []string{`a "b" \n \`, `"`}, false},
		{`-o ProxyCommand="ssh -W %h:%p x"`, []string{"-o", "ProxyCommand=ssh -W %h:%p x"}, false},
		{`'a`, nil, true},
		{`"a\"`, nil, true},
		{`a\`, nil, true},
	}
	for _, tt := range tests {
		got, err := SplitWords(tt.line)
		if (err != nil) != tt.bad || !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, %v", tt.line, got, err)
		}
	}
}

func FuzzMapAnsible(f *testing.F) {
	f.Add("-o ProxyCommand=\"a b\" -J x,y -lroot", "yes", "sudo")
	f.Add("-", "{{ x }}", "x.")
	f.Add("-o = -oPort -p", "", "\x1b")
	f.Fuzz(func(_ *testing.T, args, become, method string) {
		d := &Data{Hosts: []Host{{Name: "a", Facets: Facets{Vars: texts(
			"ansible_ssh_common_args", args, "ansible_become", become, "ansible_become_method", method,
			"ansible_host", args, "ansible_connection", become, "ansible_ssh_timeout", method)}}}}
		d.MapAnsible()
	})
}
