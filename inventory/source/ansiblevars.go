package source

import (
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"fleet/internal/lang"
)

// MapAnsible sets the Settings of d by the connection variables of Ansible that
// stand in its Vars: ansible_host, ansible_port, ansible_become and so on. They
// stay in Vars too; passwords among them get the mark lang.Sensitive. What
// cannot be mapped is a warning, told once with all hosts it is about. It is
// called once, when d is complete.
//
// Settings stand where their variable stands, so that files of fleet can refine
// them level by level. Where several variables make one setting and come from
// different levels (a user to become from a group, whether to become at all from
// the host), hosts get what comes out for them.
func (d *Data) MapAnsible() {
	m := newAnsibleMap(d)
	for _, f := range ansibleFamilies() {
		for _, l := range m.layout(f) {
			f.apply(&scene{family: f, level: l, notes: &m.notes})
		}
	}
	d.Problems = append(d.Problems, m.notes.problems()...)
}

// A family is a group of variables that is mapped together.
type family struct {
	names []string // of the same meaning, where apply takes the last one that is set
	joint bool     // what they mean depends on all of them
	apply func(s *scene)
}

// ansibleFamilies are in the order of rank: the earlier sets what the later may
// set too. So it is in the command line that Ansible makes for ssh.
func ansibleFamilies() []family {
	return []family{
		{names: []string{"ansible_host", "ansible_ssh_host"}, apply: plain("address")},
		{names: []string{"ansible_port", "ansible_ssh_port"}, apply: plain("port")},
		{names: []string{"ansible_user", "ansible_ssh_user"}, apply: plain("user")},
		{names: []string{"ansible_private_key_file", "ansible_ssh_private_key_file"}, apply: identity},
		{names: []string{"ansible_host_key_checking", "ansible_ssh_host_key_checking"}, apply: hostKeyChecking},
		{names: []string{"ansible_ssh_timeout"}, apply: connectTimeout},
		{names: []string{"ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"}, joint: true, apply: sshArgs},
		{names: []string{"ansible_become", "ansible_become_user", "ansible_become_method", "ansible_become_password", "ansible_become_pass"}, joint: true, apply: become},
		{names: []string{"ansible_password", "ansible_ssh_pass", "ansible_ssh_password"}, apply: loginPassword},
		{names: []string{"ansible_connection"}, apply: connectionKind},
	}
}

// A scene is what is mapped at a time: the variables of a family on a level.
type scene struct {
	level
	family family
	notes  *notes
}

// set makes a setting, unless a variable of higher rank made it.
func (s *scene) set(name string, v cty.Value, at Place) {
	if s.facets.Settings == nil {
		s.facets.Settings = map[string]Value{}
	}
	if _, ok := s.facets.Settings[name]; !ok {
		s.facets.Settings[name] = Value{Value: v, At: at}
	}
}

// text is the text of a variable. It is false where there is none, or none that
// could be used, which is noted.
func (s *scene) text(name string) (string, bool) {
	v, ok := s.vars[name]
	if !ok || v.IsNull() {
		return "", false
	}
	plain, _ := v.UnmarkDeep()
	c, err := convert.Convert(plain, cty.String)
	if err != nil || c.IsNull() || !c.IsKnown() {
		s.note(name, "Invalid Ansible variable", name+" must be a text or a number; it is not used.")
		return "", false
	}
	text := c.AsString()
	if strings.Contains(text, "{{") || strings.Contains(text, "{%") {
		s.note(name, "Template in an inventory", name+" holds a template, and values from other inventories are never evaluated; it is not used.")
		return "", false
	}
	return text, text != ""
}

// last is the one of the family's variables that counts.
func (s *scene) last() (name, text string, ok bool) {
	for _, n := range slices.Backward(s.family.names) {
		if t, found := s.text(n); found {
			return n, t, true
		}
	}
	return "", "", false
}

func (s *scene) note(name, summary, detail string) {
	s.notes.add(s.vars[name].At, summary, detail, s.subject)
}

func plain(setting string) func(*scene) {
	return func(s *scene) {
		if name, text, ok := s.last(); ok {
			s.set(setting, cty.StringVal(text), s.vars[name].At)
		}
	}
}

func identity(s *scene) {
	if name, text, ok := s.last(); ok {
		s.set("identity", cty.StringVal(workingPath(text)), s.vars[name].At)
	}
}

// workingPath makes a path relative to the working folder, as ssh and Ansible
// take it; in fleet's own files it is relative to the file.
func workingPath(p string) string {
	if strings.HasPrefix(p, "~") || p == "none" {
		return p
	}
	abs, err := filepath.Abs(p)
	if err != nil {
		return p
	}
	return abs
}

func hostKeyChecking(s *scene) {
	if name, text, ok := s.last(); ok {
		how := "off"
		if truthy(text) {
			how = "strict"
		}
		s.set("host_key", cty.StringVal(how), s.vars[name].At)
	}
}

func connectTimeout(s *scene) {
	name, text, ok := s.last()
	if !ok {
		return
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		s.note(name, "Invalid Ansible variable", name+" must be a number of seconds; it is not used.")
		return
	}
	if n > 0 {
		s.set("connect_timeout", cty.StringVal(text+"s"), s.vars[name].At)
	}
}

func become(s *scene) {
	password, hasPassword := "", false
	for _, name := range []string{"ansible_become_pass", "ansible_become_password"} {
		if _, ok := s.text(name); ok {
			password, hasPassword = name, true
		}
	}
	if on, ok := s.text("ansible_become"); !ok || !truthy(on) {
		return
	}
	method, ok := s.text("ansible_become_method")
	if !ok {
		method = "sudo"
	}
	method = method[strings.LastIndexByte(method, '.')+1:] // ansible.builtin.sudo
	if !slices.Contains([]string{"sudo", "doas", "su"}, method) {
		s.note("ansible_become_method", "Unknown become method", "fleet becomes another user by sudo, doas or su, and ansible_become_method is none of them; commands run as the login user.")
		return
	}
	s.set("become.method", cty.StringVal(method), s.vars["ansible_become"].At)
	if user, ok := s.text("ansible_become_user"); ok {
		s.set("become.user", cty.StringVal(user), s.vars["ansible_become_user"].At)
	} else {
		s.set("become.user", cty.StringVal("root"), s.vars["ansible_become"].At)
	}
	if hasPassword {
		text, _ := s.text(password)
		s.set("become.password", cty.StringVal(text).Mark(lang.Sensitive), s.vars[password].At)
	}
}

func loginPassword(s *scene) {
	if name, _, ok := s.last(); ok {
		s.note(name, "Login password in an inventory", name+" is not used: fleet asks for a login password once, with -k. Keys are better.")
	}
}

func connectionKind(s *scene) {
	name, text, ok := s.last()
	if !ok {
		return
	}
	switch text[strings.LastIndexByte(text, '.')+1:] {
	case "ssh", "smart", "paramiko", "paramiko_ssh":
		return
	}
	s.note(name, "Connection other than SSH", "fleet reaches hosts by SSH, and "+name+" asks for "+strconv.Quote(shorten(text, 40))+"; SSH is used all the same.")
}

// truthy reads a boolean as Ansible does.
func truthy(s string) bool {
	return slices.Contains([]string{"y", "yes", "on", "1", "1.0", "true", "t"}, strings.ToLower(s))
}

func shorten(s string, n int) string {
	if r := []rune(s[:min(len(s), 4*n+4)]); len(r) > n {
		return string(r[:n]) + "..."
	}
	return s
}

// hidePasswords marks what must not be shown.
func hidePasswords(vars map[string]Value) {
	for name, v := range vars {
		switch name {
		case "ansible_become_password", "ansible_become_pass", "ansible_password", "ansible_ssh_pass", "ansible_ssh_password":
			vars[name] = Value{Value: v.Mark(lang.Sensitive), At: v.At}
		}
	}
}

// pick takes the variables of a family out of all; nil where there are none.
func (f family) pick(vars map[string]Value) map[string]Value {
	var out map[string]Value
	for _, name := range f.names {
		if v, ok := vars[name]; ok {
			if out == nil {
				out = map[string]Value{}
			}
			out[name] = v
		}
	}
	return out
}

// over lays high over low; both stay as they are.
func over(low, high map[string]Value) map[string]Value {
	if len(low) == 0 {
		return high
	}
	out := maps.Clone(low)
	maps.Copy(out, high)
	return out
}
