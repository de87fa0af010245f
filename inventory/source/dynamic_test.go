package source

import (
	"fmt"
	"strings"
	"testing"
)

func TestAnsibleJSON(t *testing.T) {
	tests := []struct {
		name, text, want, problem string
	}{
		{
			"hosts, variables and children",
			`{"web": {"hosts": ["a", "b"], "vars": {"x": 1}}, "prod": {"children": ["web", "db"]}, "db": ["c"], "_meta": {"hostvars": {"a": {"ansible_host": "10.0.0.1", "y": "z"}}}}`,
			"a {address=10.0.0.1} {} {ansible_host=10.0.0.1 y=z}\nb {} {} {}\nc {} {} {}\n@prod:  @web @db\n@db: c\n@web: a b {x=1}", "",
		},
		{
			"all and ungrouped",
			`{"all": {"hosts": ["x"], "children": ["ungrouped", "web"], "vars": {"v": 1}}, "web": {"hosts": ["a"]}, "ungrouped": {"hosts": ["y", "a"]}}`,
			"x {} {} {}\na {} {} {}\ny {} {} {}\n@ungrouped: x y\n@web: a", "",
		},
		{"nobody ungrouped", `{"web": ["a"], "ungrouped": {}}`, "a {} {} {}\n@web: a", ""},
		{"a child that is said nothing about", `{"p": {"children": ["c"]}}`, "@p:  @c\n@c: ", ""},
		{"variables alone make a host", `{"web1": {"x": 1}}`, "web1 {} {} {}\n@web1: web1 {x=1}", ""},
		{"the rank of groups", `{"b": {"hosts": ["x"], "vars": {"ansible_group_priority": 10}}, "c": ["x"], "a": {"children": ["d"]}, "d": ["x"]}`, "x {} {} {}\n@a:  @d\n@c: x\n@b: x\n@d: x", ""},
		{"null is none", `{"web": {"hosts": null, "vars": null, "children": null}}`, "@web: ", ""},
		{"a template is a text", `{"web": {"hosts": ["a"], "vars": {"x": "{{ y }} ${z}"}}}`, "a {} {} {}\n@web: a {x={{ y }} ${z}}", ""},
		{"a host without a group", `{"_meta": {"hostvars": {"a": {}, "b": {}}}}`, "", "It is about a,b."},
		{"a group that is none", `{"web": 1}`, "", `"web" must be an object or a list of hosts; it is a number`},
		{"hosts that are none", "{\"web\":\n{\"hosts\": \"a\"}}", "@web: ", `cmd:2: Invalid group: hosts of the group "web" must be a list of texts; it is a text`},
		{"a host that is none", `{"web": [1]}`, "@web: ", "there is a number in it"},
		{"a name that is none", `{"web web": []}`, "", `"web web" is no name for a group`},
		{"variables that are none", `{"web": {"vars": []}}`, "@web: ", `The variables of "web" must be an object; they are a list`},
		{"a cycle", `{"a": {"children": ["b"]}, "b": {"children": ["a"]}}`, "@a:  @b\n@b: ", "A group cannot be a child of itself: a > b > a."},
		{"a child called all", `{"a": {"children": ["all"]}}`, "@a: ", `cannot have "all" as a child`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := parseAnswer([]byte(tt.text), "cmd")
			if got := dump(d); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if got := said(d); !strings.Contains(got, tt.problem) || (got == "") != (tt.problem == "") {
				t.Errorf("%q, want %q", got, tt.problem)
			}
		})
	}
	d := parseAnswer([]byte(tests[1].text), "cmd")
	if got := shownAny(d.Common.Vars); got != "v=1" {
		t.Errorf("of all: %q", got)
	}
}

func TestGroupsNestedTooDeep(t *testing.T) {
	var b strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&b, `,"g%d": {"children": ["g%d"]}`, i, i+1)
	}
	if got := said(parseAnswer([]byte("{"+b.String()[1:]+"}"), "cmd")); !strings.Contains(got, "100 deep") {
		t.Error(got)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"web": {"hosts": ["a"], "vars": {"x": 1}, "children": ["db"]}, "db": ["c"], "_meta": {"hostvars": {"a": {"ansible_host": "10.0.0.1"}}}}`))
	f.Add([]byte(`{"a": {"children": ["b", "a"]}, "all": {"vars": {"ansible_become": true}}, "ungrouped": ["x"]}`))
	f.Add([]byte("web1\n# no\nweb2 # yes\n"))
	f.Add([]byte(`["a", {"name": "b"}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if d := parseAnswer(text, "cmd"); !d.broken() {
			wellFormed(t, d)
		}
	})
}

func BenchmarkAnswer(b *testing.B) {
	var t strings.Builder
	t.WriteString(`{"_meta": {"hostvars": {`)
	for i := range 10000 {
		fmt.Fprintf(&t, `%s"host%d": {"ansible_host": "10.0.%d.%d", "rack": %d, "role": "web", "tags": ["a", "b"]}`, comma(i), i, i/256, i%256, i%40)
	}
	t.WriteString(`}}`)
	for g := range 50 {
		fmt.Fprintf(&t, `, "g%d": {"vars": {"x": %d}, "hosts": [`, g, g)
		for i := g; i < 10000; i += 50 {
			fmt.Fprintf(&t, `%s"host%d"`, comma(i-g), i)
		}
		t.WriteString(`]}`)
	}
	t.WriteString(`}`)
	text := []byte(t.String())
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if d := parseAnswer(text, "cmd"); len(d.Hosts) != 10000 || d.broken() {
			b.Fatal(said(d))
		}
	}
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}
