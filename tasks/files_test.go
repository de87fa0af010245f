package tasks

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"fleet/inventory/facts"
)

// copying is the plan of a project with one task of the given inside, and files
// beside it.
func copying(t testing.TB, task string, files map[string]string) *Plan {
	t.Helper()
	set, _ := loaded(t, project(task))
	writeFiles(t, files)
	p, found, err := set.Plan(Options{})
	if err != nil || found.HasErrors() {
		t.Fatalf("%v %v", err, found.Err())
	}
	return p
}

func writeFiles(t testing.TB, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// bound is the step of that name on the host with that place.
func (p *Plan) bound(t testing.TB, i int, name string, preview bool) *Bound {
	t.Helper()
	b, err := p.NewHost(p.Tasks[0], i, preview).Bind(p.step(t, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b
}

var someFiles = map[string]string{
	"app.conf":      "a\n",
	"tree/b":        "b\n",
	"app.conf.tmpl": "name = ${host.name}\nport = ${port}\n%{ for x in list ~}\n- ${x}\n%{ endfor ~}\n",
}

func TestAStepThatCopiesFilesIsMadeForAHost(t *testing.T) {
	tests := []struct {
		name, step string
		want       []*Call
	}{
		{"a file", `copy {
			source      = "app.conf"
			destination = "/etc/"
		}`, []*Call{{Action: &Copy{Source: "app.conf", Destination: "/etc/"}}}},
		{"all of it", `become = "root"
		creates = "/x"
		copy {
			source      = "./tree/../app.conf"
			destination = "~/app-${host.name}.conf"
			mode        = 4755
			owner       = 0
			group       = "domain users"
			backup      = true
			follow      = true
			validate    = "check %s"
		}`, []*Call{{Become: "root", Guards: []Guard{{"creates", "/x"}}, Action: &Copy{
			Source: "app.conf", Destination: "~/app-web2.conf", Backup: true, Follow: true, Validate: "check %s",
			Attributes: Attributes{Mode: 0o755 | fs.ModeSetuid, HasMode: true, Owner: "0", Group: "domain users"},
		}}}},
		{"nulls are as if they were absent", `copy {
			source      = "app.conf"
			destination = "app.conf"
			mode        = null
			owner       = null
			validate    = null
		}`, []*Call{{Action: &Copy{Source: "app.conf", Destination: "app.conf"}}}},
		{"a text", `copy {
			content     = "a\u0000b"
			destination = "/etc/a"
		}`, []*Call{{Action: &Copy{Content: []byte("a\x00b"), Name: "content", Destination: "/etc/a"}}}},
		{"an empty text", `copy {
			content     = ""
			destination = "/etc/a"
		}`, []*Call{{Action: &Copy{Content: []byte{}, Name: "content", Destination: "/etc/a"}}}},
		{"a template", `template {
			source      = "app.conf.tmpl"
			destination = "/etc/app.conf"
			vars        = { port = host.vars.port, list = ["$${x}", 2] }
			mode        = "0600"
		}`, []*Call{{Action: &Copy{
			Content: []byte("name = web2\nport = 8080\n- ${x}\n- 2\n"), Name: "app.conf.tmpl", Destination: "/etc/app.conf",
			Attributes: Attributes{Mode: 0o600, HasMode: true},
		}}}},
		{"a folder", `sync {
			source      = "tree"
			destination = "/srv"
			exclude     = "*.map"
		}`, []*Call{{Action: &Sync{Source: "tree", Destination: "/srv", Exclude: []string{"*.map"}}}}},
		{"the content of a folder", `sync {
			source      = "tree/"
			destination = "/srv"
			delete      = true
			exclude     = [".git/", "!keep"]
		}`, []*Call{{Action: &Sync{Source: "tree/", Destination: "/srv", Delete: true, Exclude: []string{".git/", "!keep"}}}}},
		{"from a host", `fetch {
			source      = "/var/log/app.log"
			destination = "logs/{host}.log"
		}`, []*Call{{Action: &Fetch{Source: "/var/log/app.log", Destination: "logs/web2.log"}}}},
		{"into a folder", `fetch {
			source      = "/var/log"
			destination = "logs/{host}/"
		}`, []*Call{{Action: &Fetch{Source: "/var/log", Destination: "logs/web2/log"}}}},
		{"the content of a folder of a host", `fetch {
			source      = "/var/log/"
			destination = "logs/{host}/"
			exclude     = ["*.gz"]
		}`, []*Call{{Action: &Fetch{Source: "/var/log/", Destination: "logs/web2", Exclude: []string{"*.gz"}}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := copying(t, "step \"it\" {\n"+tt.step+"\n}", someFiles)
			b := p.bound(t, 1, "it", false)
			for _, c := range tt.want {
				wholePaths(t, c.Action)
			}
			sameCalls(t, b.Calls, tt.want)
			if s := p.step(t, "it"); !s.Idempotent || !s.Transfers() || !s.Changes() {
				t.Errorf("idempotent %v, transfers %v, changes %v", s.Idempotent, s.Transfers(), s.Changes())
			}
		})
	}
}

// wholePaths makes the paths of this machine in a absolute.
func wholePaths(t *testing.T, a Action) {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	whole := func(path *string) {
		if *path != "" {
			*path = dir + "/" + *path
		}
	}
	switch a := a.(type) {
	case *Copy:
		whole(&a.Source)
	case *Sync:
		whole(&a.Source)
	case *Fetch:
		whole(&a.Destination)
	}
}

func TestWhatIsFetchedHasTheNameOfTheMachineItComesFrom(t *testing.T) {
	p := copying(t, `
	step "same" {
	  on = "@lb"
	  once = true
	  fetch {
	    source      = "/etc/haproxy.cfg"
	    destination = "lb/{host}.cfg"
	  }
	}
	step "own" {
	  fetch {
	    source      = "/etc/app.conf"
	    destination = "all/{host}"
	  }
	}`, nil)
	dir, _ := os.Getwd()
	var got []string
	for i := range 2 {
		for _, name := range []string{"same", "own"} {
			for _, c := range p.bound(t, i, name, false).Calls {
				got = append(got, strings.TrimPrefix(c.Action.(*Fetch).Destination, dir))
			}
		}
	}
	want := []string{"/lb/lb1.cfg", "/lb/lb2.cfg", "/all/web1", "/lb/lb1.cfg", "/lb/lb2.cfg", "/all/web2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAPreviewSaysWhichFilesAreNotKnownYet(t *testing.T) {
	p := copying(t, `
	step "source" {
	  copy {
	    source      = "dist/${step.version.stdout}"
	    destination = "/etc/a"
	  }
	}
	step "mode" {
	  copy {
	    source      = "app.conf"
	    destination = "/etc/a"
	    mode        = step.version.stdout
	  }
	}
	step "vars" {
	  template {
	    source      = "app.conf.tmpl"
	    destination = "/etc/a"
	    vars        = { port = step.version.stdout, list = [] }
	  }
	}
	step "unused" {
	  template {
	    source      = "fixed.tmpl"
	    destination = "/etc/a"
	    vars        = { port = step.version.stdout }
	  }
	}
	step "facts" {
	  template {
	    source      = "facts.tmpl"
	    destination = "/etc/a"
	  }
	}
	step "exclude" {
	  sync {
	    source      = "tree"
	    destination = "/etc/a"
	    exclude     = ["*.a", step.version.stdout]
	  }
	}
	step "destination" {
	  fetch {
	    source      = "/etc/a"
	    destination = "{host}/${step.version.stdout}"
	  }
	}`, map[string]string{
		"app.conf": "a", "app.conf.tmpl": someFiles["app.conf.tmpl"], "fixed.tmpl": "x", "tree/b": "b",
		"facts.tmpl": "%{ if host.facts.cpus > 4 }many%{ endif }",
	})
	for _, name := range []string{"source", "mode", "vars", "facts", "exclude", "destination"} {
		b := p.bound(t, 0, name, true)
		if b.Late || len(b.Calls) != 1 || !b.Calls[0].Late || b.Calls[0].Action != nil {
			t.Errorf("%s: %+v", name, b)
		}
	}
	if c := p.bound(t, 0, "unused", true).Calls[0]; c.Late || string(c.Action.(*Copy).Content) != "x" {
		t.Errorf("what the template does not use makes it late: %+v", c)
	}
	h := p.NewHost(p.Tasks[0], 0, false)
	h.Record(p.step(t, "version"), &Result{Stdout: "no-such\n"})
	if _, err := h.Bind(p.step(t, "source")); err == nil || !strings.Contains(err.Error(), `no "dist/no-such"`) {
		t.Errorf("a source that is missing when its turn has come: %v", err)
	}
}

func TestATemplateSaysWhatTheHostIsAskedFor(t *testing.T) {
	p := copying(t, `
	step "facts" {
	  template {
	    source      = "facts.tmpl"
	    destination = "/etc/a"
	  }
	}
	step "by_host" {
	  template {
	    source      = "${host.labels.dc}.tmpl"
	    destination = "/etc/a"
	  }
	}
	step "secret" {
	  template {
	    source      = "secret.tmpl"
	    destination = "/etc/a"
	  }
	}
	step "plain" {
	  template {
	    source      = "plain.tmpl"
	    destination = "/etc/a"
	  }
	}`, map[string]string{
		"facts.tmpl": "${host.vars.cpus}", "ams.tmpl": "${host.name}", "secret.tmpl": "key = ${host.vars.secret}\n", "plain.tmpl": "x",
	})
	h := p.NewHost(p.Tasks[0], 1, false)
	for name, want := range map[string]bool{"facts": true, "by_host": true, "secret": false, "plain": false} {
		if got := h.NeedsFacts(p.step(t, name)); got != want {
			t.Errorf("%s needs facts: %v", name, got)
		}
	}
	values := facts.Type().AttributeTypes()
	known := map[string]cty.Value{}
	for name, ty := range values {
		known[name] = cty.NullVal(ty)
	}
	known["cpus"] = cty.NumberIntVal(8)
	h.SetFacts(cty.ObjectVal(known))
	if b, err := h.Bind(p.step(t, "facts")); err != nil || string(b.Calls[0].Action.(*Copy).Content) != "8" {
		t.Errorf("%+v, %v", b, err)
	}
	if got := p.secretNames(); !slices.Equal(got, []string{"key"}) {
		t.Errorf("secrets to fetch: %q", got)
	}
	if p.bound(t, 0, "plain", false) != p.bound(t, 1, "plain", false) {
		t.Error("a template that refers to no host is made for each")
	}
}

func TestAFileWithASecretMayNotBeShown(t *testing.T) {
	set, _ := loaded(t, project(`
	step "vars" {
	  template {
	    source      = "vars.tmpl"
	    destination = "/etc/a"
	    vars        = { token = secret.token }
	  }
	}
	step "host" {
	  template {
	    source      = "host.tmpl"
	    destination = "/etc/a"
	  }
	}
	step "made" {
	  template {
	    source      = "made.tmpl"
	    destination = "/etc/a"
	    vars        = { token = secret.token }
	  }
	}
	step "whole" {
	  template {
	    source      = "vars.tmpl"
	    destination = "/etc/a"
	    vars        = sensitive({ token = "an open text" })
	  }
	}
	step "content" {
	  copy {
	    content     = secret.token
	    destination = "/etc/a"
	  }
	}
	step "printed" {
	  copy {
	    content     = step.version.stdout
	    destination = "/etc/a"
	  }
	}
	step "open" {
	  template {
	    source      = "open.tmpl"
	    destination = "/etc/a"
	  }
	}`))
	writeFiles(t, map[string]string{
		"vars.tmpl": "a\ntoken = ${token}\n", "host.tmpl": "a\nkey = ${host.vars.secret}\n", "made.tmpl": "a\n${upper(token)}\n", "open.tmpl": "${host.name}",
	})
	p, found, err := set.Plan(Options{})
	if err != nil || found.HasErrors() {
		t.Fatalf("%v %v", err, found.Err())
	}
	if err := p.Resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	h := p.NewHost(p.Tasks[0], 1, false)
	h.Record(p.step(t, "version"), &Result{Stdout: "the " + tokenText + "\n"})
	for name, want := range map[string]string{
		"vars": tokenText, "host": "the text of KEY", "made": strings.ToUpper(tokenText), "whole": "an open text",
		"content": tokenText, "printed": tokenText, "open": "",
	} {
		b, err := h.Bind(p.step(t, name))
		if err != nil {
			t.Fatal(err)
		}
		c := b.Calls[0]
		if c.Private != (want != "") || want != "" && !slices.Contains(c.Secrets, want) {
			t.Errorf("%s: private %v, secrets %q", name, c.Private, c.Secrets)
		}
		content := string(c.Action.(*Copy).Content)
		if !strings.Contains(content, want) {
			t.Errorf("%s: %q", name, content)
		}
		if strings.Contains(content, "\n") && slices.Contains(c.Secrets, content) {
			t.Errorf("%s: all lines of it are secrets", name)
		}
	}
}

func TestWhatAStepMakesHereIsReadWhenItsTurnHasCome(t *testing.T) {
	const steps = `
	step "build" {
	  local   = true
	  once    = true
	  command = "make"
	}
	step "copy" {
	  copy {
	    source      = "dist/app.tgz"
	    destination = "/opt/"
	  }
	}
	step "template" {
	  template {
	    source      = "dist/app.tmpl"
	    destination = "/etc/app"
	  }
	}
	step "old" {
	  template {
	    source      = "old.tmpl"
	    destination = "/etc/app"
	  }
	}`
	p := copying(t, steps, map[string]string{"old.tmpl": "before"})
	for _, name := range []string{"copy", "template"} {
		if c := p.bound(t, 0, name, true).Calls[0]; !c.Late {
			t.Errorf("%s: a source that is not there yet: %+v", name, c)
		}
		if _, err := p.NewHost(p.Tasks[0], 0, false).Bind(p.step(t, name)); err == nil || !strings.Contains(err.Error(), "invalid source: There is no") {
			t.Errorf("%s: a source that was not made: %v", name, err)
		}
	}
	writeFiles(t, map[string]string{"dist/app.tgz": "x", "dist/app.tmpl": "made", "old.tmpl": "after"})
	if a := p.bound(t, 0, "copy", false).Calls[0].Action.(*Copy); a.Source == "" {
		t.Errorf("%+v", a)
	}
	for name, want := range map[string]string{"template": "made", "old": "after"} {
		if a := p.bound(t, 0, name, false).Calls[0].Action.(*Copy); string(a.Content) != want {
			t.Errorf("%s: %q", name, a.Content)
		}
	}
}

func TestAllHostsGetTheSameTemplate(t *testing.T) {
	p := copying(t, `
	step "it" {
	  template {
	    source      = "${host.labels.dc}.tmpl"
	    destination = "/etc/app"
	  }
	}`, map[string]string{"ams.tmpl": "${host.name} before"})
	writeFiles(t, map[string]string{"ams.tmpl": "${host.name} after"})
	for i, want := range []string{"web1 before", "web2 before"} {
		if a := p.bound(t, i, "it", false).Calls[0].Action.(*Copy); string(a.Content) != want {
			t.Errorf("%q", a.Content)
		}
	}
	if _, ok := p.inv.Inputs()["ams.tmpl"]; !ok {
		t.Errorf("the template is none of the inputs: %v", p.inv.Inputs())
	}
}

func TestAPlanTellsWhatItCopies(t *testing.T) {
	p := copying(t, `
	step "one" {
	  copy {
	    source      = "app.conf"
	    destination = "/etc/a"
	  }
	}
	step "again" {
	  copy {
	    source      = "app.conf"
	    destination = "/etc/b"
	  }
	}
	step "tree" {
	  sync {
	    source      = "tree/"
	    destination = "/srv"
	    exclude     = ["*.map"]
	  }
	}
	step "late" {
	  copy {
	    source      = step.version.stdout
	    destination = "/etc/a"
	  }
	}`, someFiles)
	want := []Source{{Path: "app.conf"}, {Path: "tree", Folder: true, Exclude: []string{"*.map"}}}
	if diff := cmp.Diff(want, p.Sources()); diff != "" {
		t.Error(diff)
	}
}

func TestAMistakeInATemplateIsToldAtItsPlace(t *testing.T) {
	p := copying(t, `
	step "it" {
	  template {
	    source      = "conf/app.tmpl"
	    destination = "/etc/app"
	    vars        = { text = step.version.stdout }
	  }
	}`, map[string]string{"conf/app.tmpl": "one\ntwo = ${jsondecode(text).two}\n"})
	h := p.NewHost(p.Tasks[0], 1, false)
	h.Record(p.step(t, "version"), &Result{Stdout: "{}"})
	_, err := h.Bind(p.step(t, "it"))
	if err == nil || !strings.HasPrefix(err.Error(), "conf/app.tmpl:2: unsupported attribute: ") {
		t.Errorf("%v", err)
	}
}

func TestModes(t *testing.T) {
	for text, want := range map[string]fs.FileMode{
		"0644": 0o644, "644": 0o644, "000": 0, "4755": 0o755 | fs.ModeSetuid, "2770": 0o770 | fs.ModeSetgid, "1777": 0o777 | fs.ModeSticky,
	} {
		if got, ok := parseMode(text); !ok || got != want {
			t.Errorf("%s: %v %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "7", "64", "0o644", "00644", "0888", "u=rw", "-644", "+644", " 644", "6 44", "0_44"} {
		if got, ok := parseMode(text); ok {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

// FuzzMode takes any text: only permissions come of it.
func FuzzMode(f *testing.F) {
	for _, text := range []string{"0644", "4755", "888", "u+x", "0o17", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		mode, ok := parseMode(text)
		if allowed := fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky; mode&^allowed != 0 || !ok && mode != 0 {
			t.Errorf("%q is %v, %v", text, mode, ok)
		}
	})
}

// BenchmarkTemplates is what it takes to check a template of 4 KB for a fleet.
func BenchmarkTemplates(b *testing.B) {
	const hosts = 5000
	set, _ := loaded(b, fmt.Sprintf(`
group "web" {
  hosts = ["web[1-%d]"]
  vars  = { port = 8000 + host.index }
}
task "deploy" {
  hosts = "@web"
  step "config" {
    template {
      source      = "app.tmpl"
      destination = "/etc/app.conf"
      vars        = { port = host.vars.port }
    }
  }
}`, hosts))
	writeFiles(b, map[string]string{"app.tmpl": strings.Repeat("name = ${host.name}\nport = ${port} # and so on\n"+strings.Repeat("text\n", 15), 33)})
	b.ReportAllocs()
	for b.Loop() {
		p, found, err := set.Plan(Options{})
		if err != nil || len(found) > 0 {
			b.Fatal(err, found.Err())
		}
		if got := len(p.bound(b, 7, "config", false).Calls[0].Action.(*Copy).Content); got < 3500 {
			b.Fatal(got)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/hosts, "ns/host")
}

func TestATransferSaysWhetherItChangedSomething(t *testing.T) {
	p := copying(t, `
	step "plain" {
	  copy {
	    source      = "app.conf"
	    destination = "/etc/a"
	  }
	}
	step "asked" {
	  changed = self.changed && strcontains(self.stdout, "updated")
	  copy {
	    source      = "app.conf"
	    destination = "/etc/a"
	  }
	}`, someFiles)
	h := p.NewHost(p.Tasks[0], 0, false)
	for _, tt := range []struct {
		step string
		r    Result
		want bool
	}{
		{"plain", Result{Changed: true}, true},
		{"plain", Result{}, false},
		{"asked", Result{Changed: true, Stdout: "updated /etc/a\n"}, true},
		{"asked", Result{Changed: true, Stdout: "adjusted /etc/a\n"}, false},
		{"asked", Result{Stdout: "updated\n"}, false},
	} {
		s := p.step(t, tt.step)
		b, err := h.Bind(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Judge(s, b.Calls[0], &tt.r); err != nil || tt.r.Changed != tt.want {
			t.Errorf("%s: changed %v, %v", tt.step, tt.r.Changed, err)
		}
	}
}
