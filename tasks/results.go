package tasks

import (
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// stepObjects are what step.* stands for where no step of t has run, and where
// nothing is known of them.
func stepObjects(t *Task) (skipped, unknown cty.Value) {
	none, open := map[string]cty.Value{}, map[string]cty.Value{}
	for s := range t.allSteps() {
		if s.Referenced {
			none[s.Name], open[s.Name] = resultValue(s, nil), unknownResult(s)
		}
	}
	return cty.ObjectVal(none), cty.ObjectVal(open)
}

// resultValue is what step.NAME stands for; nil is a step that was skipped.
func resultValue(s *Step, r *Result) cty.Value {
	skipped, status := r == nil, cty.NullVal(cty.Number)
	if skipped {
		r = &Result{}
	} else {
		status = statusValue(r)
	}
	values := map[string]cty.Value{
		"stdout":   cty.StringVal(outputText(r.Stdout)),
		"stderr":   cty.StringVal(outputText(r.Stderr)),
		"status":   status,
		"changed":  cty.BoolVal(r.Changed),
		"failed":   cty.BoolVal(r.Failed),
		"skipped":  cty.BoolVal(skipped),
		"duration": cty.NumberFloatVal(r.Duration.Seconds()),
	}
	if s.Kind == tunnelKind {
		values["address"], values["port"] = listenValues(r)
	}
	return cty.ObjectVal(values)
}

// listenValues are where a tunnel listens; null where it is not open, and where
// there is no port.
func listenValues(r *Result) (address, port cty.Value) {
	address, port = cty.NullVal(cty.String), cty.NullVal(cty.Number)
	if r.Listen.IsZero() {
		return address, port
	}
	if !r.Listen.IsUnix() {
		port = cty.NumberIntVal(int64(r.Listen.Port()))
	}
	return cty.StringVal(r.Listen.Address), port
}

// statusValue is the exit status; null where there is none.
func statusValue(r *Result) cty.Value {
	if r.Status < 0 {
		return cty.NullVal(cty.Number)
	}
	return cty.NumberIntVal(int64(r.Status))
}

// outputText is output as expressions see it: without the line ends after it, as
// $(...) of a shell, and with a sign in place of what is no UTF-8.
func outputText(s string) string {
	return strings.ToValidUTF8(strings.TrimRight(s, "\n"), "\uFFFD")
}

// unknownResult is that of a step that has not run yet. Only what may be null is
// not known not to be: the status, and where a tunnel listens.
func unknownResult(s *Step) cty.Value {
	known := func(ty cty.Type) cty.Value { return cty.UnknownVal(ty).RefineNotNull() }
	values := map[string]cty.Value{
		"stdout":   known(cty.String),
		"stderr":   known(cty.String),
		"status":   cty.UnknownVal(cty.Number),
		"changed":  known(cty.Bool),
		"failed":   known(cty.Bool),
		"skipped":  known(cty.Bool),
		"duration": known(cty.Number),
	}
	if s.Kind == tunnelKind {
		values["address"], values["port"] = cty.UnknownVal(cty.String), cty.UnknownVal(cty.Number)
	}
	return cty.ObjectVal(values)
}
