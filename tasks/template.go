package tasks

import (
	"sync"

	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
)

// body looks at what the template of a step refers to, as far as that is known
// before the first host: the one that a constant names. Of another it may be
// anything that templates can refer to.
func (x *expressions) body(s *stepExprs) {
	source := s.attrs["template.source"]
	if source == nil {
		return // said when it was decoded
	}
	s.body = &expr{Expression: source.Expression, name: "the template"}
	s.body.needs = needs{host: true, facts: true, anyVar: true, hosts: true}
	defer func() { s.all.add(&s.body.needs) }()
	if !source.constant || source.broken || lang.IsSensitive(source.value) || source.value.IsNull() || !source.value.IsKnown() || source.value.Type() != cty.String {
		return
	}
	scope := x.view.Scope().ForStep(nil)
	t, err := x.templates.read(scope, localPath{source.value.AsString(), source.folder()}.name())
	if err != nil {
		return // said when it is made
	}
	s.body.needs = needs{}
	e := t.Expression()
	for _, root := range scope.Roots(e) {
		s.body.host = s.body.host || root == "host"
	}
	if s.body.host {
		s.body.facts, s.body.anyVar, s.body.vars = scope.NeedsFacts(e), scope.AnyHostVar(e), scope.HostVarsIn(e)
	}
	s.body.hosts = scope.Calls(e, "host")
}

// templates are those that were read for a plan, each once, so that all hosts get
// the same one.
type templates struct {
	mu    sync.Mutex
	known map[string]*lang.Template // by path; guarded by mu
}

// read is the template at path.
func (t *templates) read(scope *lang.Scope, path string) (*lang.Template, error) {
	t.mu.Lock()
	have := t.known[path]
	t.mu.Unlock()
	if have != nil {
		return have, nil
	}
	made, err := scope.ReadTemplate(path)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if have := t.known[path]; have != nil {
		return have, nil // of another host, at the same time
	}
	if t.known == nil {
		t.known = map[string]*lang.Template{}
	}
	t.known[path] = made
	return made, nil
}

// template makes the action of a template step.
func (m *maker) template(x *stepExprs) Action {
	a := &Copy{}
	m.takePlace(x, a)
	if n := len(a.Destination); n > 0 && a.Destination[n-1] == '/' {
		m.fail(x.attrs["template.destination"], "Invalid value", "template.destination ends with a /, so it is a folder. Write the path of the file that is made from the template.")
	}
	vars, ok := m.vars(x)
	source, found := m.localPath(x.attrs["template.source"])
	if !found || !m.hasSource(x, source, false) || !ok {
		return a
	}
	a.Name = source.name()
	t, err := m.readTemplate(x, a.Name)
	if err != nil {
		m.fail(x.attrs["template.source"], "Invalid source", "%s.", sentence(err.Error()))
		return a
	}
	v, diags := m.scope.Render(t, vars)
	m.diags = append(m.diags, diags...)
	if diags.HasErrors() {
		return a
	}
	if lang.IsSensitive(v) {
		made := &expr{Expression: t.Expression()}
		m.private, m.secrets = true, union(m.secrets, made.texts(m.scope.With(vars), v))
	}
	if v, _ = v.Unmark(); m.isKnown(x.body, v) {
		a.Content = []byte(v.AsString())
	}
	return a
}

// readTemplate is the template at path. One that a step of this machine may make is
// read when its turn has come.
func (m *maker) readTemplate(x *stepExprs, path string) (*lang.Template, error) {
	if x.fresh && !m.host.preview {
		return m.scope.ReadTemplate(path)
	}
	return m.host.exprs.templates.read(m.scope, path)
}

// vars are what a template knows.
func (m *maker) vars(x *stepExprs) (map[string]cty.Value, bool) {
	out := map[string]cty.Value{}
	if e := x.attrs["template.vars"]; e != nil {
		v, ok := m.value(e, cty.DynamicPseudoType)
		if !ok {
			return nil, false
		}
		v, marks := v.Unmark()
		if ty := v.Type(); !v.IsNull() && !ty.IsObjectType() && !ty.IsMapType() {
			m.fail(e, "Invalid value", "template.vars must be an object, as in { port = host.vars.port }.")
			return nil, false
		}
		if !v.IsNull() {
			for name, one := range v.AsValueMap() {
				out[name] = one.WithMarks(marks)
			}
		}
		if _, taken := out["host"]; taken {
			m.fail(e, "Invalid value", "template.vars has host among its names, and a template knows the host by that in any case.")
			return nil, false
		}
	}
	if x.body.host {
		out["host"] = m.host.hostValue()
	}
	return out, true
}
