package tasks

import (
	"github.com/zclconf/go-cty/cty"
)

// Judge decides whether c, an action of s that has ended with r, changed
// something and whether it failed, and sets both in r. Without anything else
// said, a status other than 0 is a failure; commands change something, waits and
// tunnels do not, and of a transfer r.Changed says it when Judge is called. Then
// failed is asked, then changed, then the postconditions, unless it failed. The error is what is wrong with one of these, or the message
// of a postcondition that is not met; r has failed then.
func (h *Host) Judge(s *Step, c *Call, r *Result) error {
	r.Failed, r.Changed = r.Status != 0, s.Changes() && (r.Changed || !s.Transfers())
	x := h.exprs.steps[s]
	if x == nil || x.attrs["failed"] == nil && x.attrs["changed"] == nil && len(x.post) == 0 {
		return nil
	}
	m := h.maker(&x.all)
	m.judge(x, c, r)
	err := h.oneLine(m.diags)
	r.Failed = r.Failed || err != nil
	return err
}

func (m *maker) judge(x *stepExprs, c *Call, r *Result) {
	scope, output := m.scope, cty.NilVal
	if x.asks() {
		output = resultValue(x.Step, r)
	}
	look := func(r *Result) {
		if output == cty.NilVal {
			return
		}
		values := map[string]cty.Value{"self": selfValue(output, r)}
		if c.each != cty.NilVal {
			values["each"] = c.each
		}
		m.scope = scope.With(values)
	}
	look(r)
	if yes, ok := m.truth(x.attrs["failed"]); ok {
		r.Failed = yes
	}
	look(r)
	if yes, ok := m.truth(x.attrs["changed"]); ok {
		r.Changed = yes
	}
	if r.Failed || m.diags.HasErrors() {
		return
	}
	look(r)
	m.conditions(x.post)
}

// asks reports whether the judgement depends on anything.
func (x *stepExprs) asks() bool {
	asks := func(e *expr) bool { return e != nil && !e.constant }
	return len(x.post) > 0 || asks(x.attrs["failed"]) || asks(x.attrs["changed"])
}

// selfValue is what self stands for: output, with what is decided by now.
func selfValue(output cty.Value, r *Result) cty.Value {
	values := output.AsValueMap()
	values["changed"], values["failed"] = cty.BoolVal(r.Changed), cty.BoolVal(r.Failed)
	return cty.ObjectVal(values)
}
