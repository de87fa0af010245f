package tasks

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"fleet/internal/lang"
)

// A maker makes values for one step or condition on one host. It collects what is
// wrong, what is sensitive, and whether something is not known yet.
type maker struct {
	host    *Host
	scope   *lang.Scope
	diags   hcl.Diagnostics
	private bool     // something was sensitive
	secrets []string // its texts
	late    bool     // something is known only after other steps have run
}

// with is a maker for one element of for_each.
func (m *maker) with(each cty.Value) *maker {
	return &maker{host: m.host, scope: m.scope.With(map[string]cty.Value{"each": each})}
}

// take adds what another maker found.
func (m *maker) take(other *maker) {
	m.diags = append(m.diags, other.diags...)
	m.private, m.late = m.private || other.private, m.late || other.late
	m.secrets = union(m.secrets, other.secrets)
}

func (m *maker) fail(e *expr, summary, format string, args ...any) {
	m.note(hcl.DiagError, e, summary, format, args...)
}

func (m *maker) warn(e *expr, summary, format string, args ...any) {
	m.note(hcl.DiagWarning, e, summary, format, args...)
}

func (m *maker) note(severity hcl.DiagnosticSeverity, e *expr, summary, format string, args ...any) {
	at := e.Range()
	m.diags = append(m.diags, &hcl.Diagnostic{
		Severity: severity,
		Summary:  summary,
		Detail:   fmt.Sprintf(format, args...),
		Subject:  &at,
	})
}

// value evaluates e. It is not ok where e is absent, wrong, or as a whole not
// known yet.
func (m *maker) value(e *expr, want cty.Type) (v cty.Value, ok bool) {
	if e == nil || e.broken {
		return cty.NilVal, false
	}
	if v = e.value; !e.constant {
		var diags hcl.Diagnostics
		v, diags = m.scope.Eval(e.Expression, cty.DynamicPseudoType)
		m.diags = append(m.diags, diags...)
		if diags.HasErrors() {
			return v, false
		}
	}
	if lang.IsSensitive(v) {
		m.private, m.secrets = true, union(m.secrets, e.texts(m.scope, v))
	}
	out, err := convert.Convert(v, want)
	if err != nil {
		why := ""
		if !lang.IsSensitive(v) {
			why = ": " + err.Error()
		}
		m.fail(e, "Invalid value", "%s must be %s%s.", e.name, kindOf(want), why)
		return cty.NilVal, false
	}
	return out, m.isKnown(e, out)
}

// isKnown reports whether v is known, and notes that it is not.
func (m *maker) isKnown(e *expr, v cty.Value) bool {
	if bare, _ := v.Unmark(); bare.IsKnown() {
		return true
	}
	if m.host.preview {
		m.late = true
		return false
	}
	needs := e.ofHost(m.host.host)
	for _, name := range needs.Secrets {
		if _, known := m.scope.Secret(name); !known {
			m.fail(e, "Value not known", "%s needs the secret %q, which was not fetched.", e.name, name)
			return false
		}
	}
	switch {
	case needs.Facts && m.host.facts == cty.NilVal:
		m.fail(e, "Value not known", "%s needs the facts of the host, and these were not gathered.", e.name)
	case e.host && m.host.made.HasErrors():
		m.diags = append(m.diags, m.host.made...)
	default:
		m.fail(e, "Value not known", "A part of %s is not known on this host.", e.name)
	}
	return false
}

// kindOf is what a value of the type is called in errors.
func kindOf(ty cty.Type) string {
	switch ty {
	case cty.String:
		return "a text"
	case cty.Bool:
		return "true or false"
	}
	return "a " + ty.FriendlyName()
}

// shown evaluates by eval what is shown and so may not be sensitive.
func (m *maker) shown(e *expr, eval func(*maker) bool) (ok bool) {
	sub := &maker{host: m.host, scope: m.scope}
	ok = eval(sub)
	if sub.private {
		sub.fail(e, "Sensitive value not allowed", "%s is shown, and may not be made from a sensitive value.", e.name)
		ok = false
	}
	m.diags, m.late = append(m.diags, sub.diags...), m.late || sub.late
	return ok
}

// text evaluates a text. It is not ok where it is absent, null, wrong, or not
// known yet.
func (m *maker) text(e *expr) (s string, ok bool) {
	v, ok := m.value(e, cty.String)
	return m.textOf(e, v, ok)
}

func (m *maker) textOf(e *expr, v cty.Value, ok bool) (string, bool) {
	if !ok {
		return "", false
	}
	if v, _ = v.Unmark(); v.IsNull() {
		return "", false
	}
	s := m.exact(e, v.AsString())
	if strings.IndexByte(s, 0) >= 0 {
		m.fail(e, "Invalid value", "%s has a zero byte in it, which no command can be given.", e.name)
		return "", false
	}
	return s, true
}

// exact is s, which e made; to the byte where that is a secret alone.
func (m *maker) exact(e *expr, s string) string {
	if !m.private {
		return s
	}
	if name := lang.SecretAlone(e.Expression); name != "" {
		if text, known := m.scope.Secret(name); known {
			return text
		}
	}
	return s
}

// required is text for what must be there.
func (m *maker) required(e *expr) (s string, ok bool) {
	said := len(m.diags)
	v, ok := m.value(e, cty.String)
	s, given := m.textOf(e, v, ok)
	switch {
	case !ok || len(m.diags) > said:
		return "", false
	case !given:
		m.fail(e, "Invalid value", "%s is null.", e.name)
	case strings.TrimSpace(s) == "":
		m.fail(e, "Invalid value", "%s is empty.", e.name)
	default:
		return s, true
	}
	return "", false
}

// truth evaluates a condition. It is not ok where it is absent, wrong, or not
// known yet.
func (m *maker) truth(e *expr) (yes, ok bool) {
	v, ok := m.value(e, cty.Bool)
	if v, _ = v.Unmark(); !ok {
		return false, false
	}
	if v.IsNull() {
		m.fail(e, "Invalid value", "%s is null, and must be true or false.", e.name)
		return false, false
	}
	return v.True(), true
}

// notMet is the summary of a condition that is false.
const notMet = "Condition not met"

// conditions checks conditions in order; the first that is not met ends it.
func (m *maker) conditions(list []*conditionExprs) {
	for _, c := range list {
		yes, ok := m.truth(c.condition)
		if m.diags.HasErrors() {
			return
		}
		if ok && !yes {
			m.fail(c.condition, notMet, "%s", m.message(c))
			return
		}
	}
}

// message is what to say where c is not met. What it shows may not be sensitive.
func (m *maker) message(c *conditionExprs) string {
	sub := &maker{host: m.host, scope: m.scope}
	text, ok := sub.text(c.message)
	text = strings.Join(strings.Fields(text), " ")
	switch {
	case sub.private:
		return "The " + c.condition.name + " is not met. Its message is sensitive and not shown."
	case !ok || text == "":
		return "The " + c.condition.name + " is not met."
	}
	return text
}
