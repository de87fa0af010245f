package tasks

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"fleet/inventory"
)

// Bind makes s for the host: first when, then for_each, then on, then the action.
// What comes later is not made where an earlier one says that there is nothing to
// do. The error is one line with the place, and nothing sensitive is in it. What
// Bind returns may be shared by hosts and is not changed.
func (h *Host) Bind(s *Step) (*Bound, error) {
	x := h.exprs.steps[s]
	if x == nil {
		return &Bound{Skip: h.task.Skip[s]}, nil
	}
	if x.bound != nil {
		for _, c := range x.bound.Calls {
			h.learn(c.Secrets)
		}
		return x.bound, nil
	}
	b, m := h.bind(x)
	if err := h.oneLine(m.diags); err != nil {
		return nil, err
	}
	return b, nil
}

func (h *Host) bind(x *stepExprs) (*Bound, *maker) {
	m := h.maker(&x.all)
	b := &Bound{}
	if e := x.attrs["when"]; e != nil {
		var yes bool
		ok := m.shown(e, func(m *maker) (ok bool) {
			yes, ok = m.truth(e)
			return ok
		})
		switch {
		case m.diags.HasErrors():
			return b, m
		case !ok:
			b.Late, m.late = true, false
		case !yes:
			b.Skip = "when is false: " + h.source(e)
			return b, m
		}
	}
	for _, each := range h.elements(x, b, m) {
		one, key := m, ""
		if each != cty.NilVal {
			one, key = m.with(each), each.GetAttr("key").AsString()
		}
		for _, c := range h.calls(x, b, one) {
			c.Key, c.each = key, each
			b.Calls = append(b.Calls, c)
		}
		if one != m {
			m.take(one)
		}
		if len(b.Calls) > maxCalls {
			m.fail(x.anyExpr(), "Too many calls", "The step %q has more than %d calls on one host: its elements times its machines.", x.Name, maxCalls)
		}
		if m.diags.HasErrors() {
			return &Bound{}, m
		}
	}
	return b, m
}

// The bounds of a step on one host.
const (
	maxElements = 1_000  // of for_each
	maxCalls    = 10_000 // elements times machines
)

// anyExpr is an expression to blame for the step as a whole.
func (x *stepExprs) anyExpr() *expr {
	for _, name := range append([]string{"for_each", "on", x.Kind, x.Kind + ".source", x.Kind + ".destination"}, lateNames()...) {
		if e := x.attrs[name]; e != nil {
			return e
		}
	}
	for _, e := range x.attrs {
		return e
	}
	return nil
}

// source is the text of e, short and on one line.
func (h *Host) source(e *expr) string {
	const most = 60
	text := strings.Join(strings.Fields(h.plan.inv.Project().Source(e.Range())), " ")
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "..."
	}
	return text
}

// elements are what for_each says: one NilVal where there is none, none where
// there is nothing to do or it is not known yet.
func (h *Host) elements(x *stepExprs, b *Bound, m *maker) []cty.Value {
	e := x.attrs["for_each"]
	if e == nil {
		return []cty.Value{cty.NilVal}
	}
	v, ok := m.value(e, cty.DynamicPseudoType)
	if !ok {
		b.Late, m.late = b.Late || m.late, false
		return nil
	}
	keys, values, ok := m.keys(e, v)
	switch {
	case !ok:
		b.Late, m.late = b.Late || m.late, false
		return nil
	case len(keys) == 0:
		b.Skip = "for_each is empty"
	case slices.ContainsFunc(keys, h.isTelling):
		m.fail(e, "Sensitive value not allowed", "A key of for_each has a secret in it, which a step may have printed, and keys are shown. The values of an object can be sensitive.")
		return nil
	case len(keys) > maxElements:
		m.fail(e, "Invalid for_each", "for_each has %d elements, and at most %d can be. Let a script go over them.", len(keys), maxElements)
		return nil
	}
	out := make([]cty.Value, len(keys))
	for i, key := range keys {
		value := cty.StringVal(key)
		if values != nil {
			value = values[key]
		}
		out[i] = cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal(key), "value": value})
	}
	return out
}

// keys are the keys of for_each in order, and the values where they are others.
func (m *maker) keys(e *expr, v cty.Value) (keys []string, values map[string]cty.Value, ok bool) {
	ty := v.Type()
	switch {
	case v.IsMarked():
		m.fail(e, "Sensitive value not allowed", "The keys of for_each are shown and cannot be sensitive. The values of an object can.")
		return nil, nil, false
	case v.IsNull():
		m.fail(e, "Invalid for_each", "for_each is null. For nothing to do, it is empty: [].")
		return nil, nil, false
	case ty.IsMapType() || ty.IsObjectType():
		values = v.AsValueMap()
		for key := range values {
			keys = append(keys, key)
		}
	case ty.IsListType() || ty.IsSetType() || ty.IsTupleType():
		if keys, ok = m.elementKeys(e, v); !ok {
			return nil, nil, false
		}
	default:
		m.fail(e, "Invalid for_each", "for_each must be a list or set of texts, or an object, not a %s.", ty.FriendlyName())
		return nil, nil, false
	}
	slices.Sort(keys)
	return slices.Compact(keys), values, true
}

// elementKeys are the elements of a list, which are its keys.
func (m *maker) elementKeys(e *expr, v cty.Value) ([]string, bool) {
	keys := make([]string, 0, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		switch ty := element.Type(); {
		case element.IsMarked():
			m.fail(e, "Sensitive value not allowed", "The elements of for_each are shown and cannot be sensitive. The values of an object can.")
			return nil, false
		case !element.IsKnown():
			return nil, m.isKnown(e, element)
		case element.IsNull() || ty != cty.String && ty != cty.Number:
			m.fail(e, "Invalid for_each", "Each element of for_each must be a text. For more than that, give an object: { for x in list : x.name => x }.")
			return nil, false
		}
		keys = append(keys, plainText(element))
	}
	return keys, true
}

// calls are those of one element, in order.
func (h *Host) calls(x *stepExprs, b *Bound, m *maker) []*Call {
	machines, ok := h.machines(x, m)
	if !ok {
		b.open = b.open || m.late
		b.Late, m.late = b.Late || m.late, false
		return nil
	}
	c := m.call(x)
	if m.diags.HasErrors() {
		return nil
	}
	h.learn(c.Secrets)
	fetch, fetches := c.Action.(*fetching)
	if x.Local || machines == nil {
		c.Local = x.Local
		if fetches {
			c.Action = m.from(fetch, h.host.Name)
		}
		return []*Call{c}
	}
	out := make([]*Call, len(machines))
	for i, on := range machines {
		one := *c
		one.On = on
		if fetches {
			one.Action = m.from(fetch, on.Name)
		}
		out[i] = &one
	}
	return out
}

// machines are where the step is carried out instead of the host; nil is on the
// host itself. It is not ok where that is wrong or not known yet.
func (h *Host) machines(x *stepExprs, m *maker) (hosts []*inventory.Host, ok bool) {
	e := x.attrs["on"]
	if e == nil {
		return nil, true
	}
	pattern := ""
	ok = m.shown(e, func(m *maker) (ok bool) {
		pattern, ok = m.text(e)
		return ok
	})
	if !ok {
		return nil, !m.late && !m.diags.HasErrors() // null
	}
	hosts, err := h.plan.inv.Match(pattern)
	if err != nil {
		m.fail(e, "Invalid hosts", "%s", sentence(err.Error()))
		return nil, false
	}
	if x.Kind == tunnelKind && len(hosts) > 1 {
		m.fail(e, "Invalid hosts", "A tunnel leads through one host, and on selects %d: %s.", len(hosts), inventory.Fold(hosts))
		return nil, false
	}
	return hosts, true
}

// plainText is a text or number as text.
func plainText(v cty.Value) string {
	if v.Type() == cty.Number {
		return v.AsBigFloat().Text('f', -1)
	}
	return v.AsString()
}
