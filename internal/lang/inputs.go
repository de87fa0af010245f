package lang

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
)

// Inputs are the values of variables that come from outside of the project.
type Inputs struct {
	// LookupEnv finds FLEET_VAR_<name>. Default os.LookupEnv.
	LookupEnv func(string) (string, bool)
	// Args are --var and --var-file in the order of the command line.
	Args []VarArg
	// Secrets are the names of the declared secrets. Their values are not known
	// while a project is loaded; see [Scope.WithSecrets].
	Secrets []string
	// Optional are the variables that may be unknown. All others must have a
	// value.
	Optional map[string]bool
	// Fold writes names of hosts as one pattern, for the function fold. Default:
	// with commas between them.
	Fold func(names []string) string
	// Now tells the time. Default time.Now.
	Now func() time.Time
}

// A VarArg is one --var or one --var-file.
type VarArg struct {
	Assign string // "name=value"; or
	File   string // a file of "name = value" lines in HCL, or a JSON object
}

// valuesFile is read where it exists in a folder of the project, and its JSON
// twin after it; then, of all folders, the files that end in autoSuffix or its
// twin, by name. A name that begins with a dot is an editor's, not the user's.
const (
	valuesFile     = "fleet.vars.hcl"
	valuesJSONFile = "fleet.vars.json"
	autoSuffix     = ".auto.vars.hcl"
	autoJSONSuffix = ".auto.vars.json"
)

// assign gives each variable the last value it gets: environment, then
// the files of values in the folders, then the command line.
func (s *Scope) assign(in Inputs) hcl.Diagnostics {
	values := map[string]cty.Value{}
	all := s.fromEnvironment(values)
	all = append(all, s.fromFolders(values)...)
	for _, arg := range in.Args {
		if arg.File != "" {
			all = append(all, s.fromFile(arg.File, values)...)
		} else {
			all = append(all, s.fromArg(arg.Assign, values)...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.vars)) {
		v := s.vars[name]
		if _, ok := values[name]; ok {
			continue
		}
		values[name] = v.fallback
		if !v.hasDefault {
			values[name] = cty.UnknownVal(v.ty)
			v.unvalued = true
			if !in.Optional[name] {
				all = append(all, v.noValue(name))
			}
		}
	}
	for name, v := range s.vars {
		if v.sensitive {
			values[name] = values[name].Mark(Sensitive)
		}
	}
	s.ctx.Variables["var"] = cty.ObjectVal(values)
	s.project.reads.addVariables(s.vars, s.ctx.Variables["var"])
	return all
}

// noValue says that nothing gives the variable a value.
func (v *variable) noValue(name string) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "No value for variable",
		Detail:   fmt.Sprintf("The variable %q has no default. Give it a value with --var '%s=...', in %s, or in FLEET_VAR_%s.", name, name, valuesFile, name),
		Subject:  &v.at,
	}
}

// Unvalued tells which of the named variables have no value, though
// Inputs.Optional allowed that until now.
func (s *Scope) Unvalued(names map[string]bool) hcl.Diagnostics {
	var all hcl.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if v := s.vars[name]; v != nil && v.unvalued {
			all = append(all, v.noValue(name))
		}
	}
	return all
}

func (s *Scope) fromEnvironment(values map[string]cty.Value) hcl.Diagnostics {
	var all hcl.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(s.vars)) {
		if raw, ok := s.lookupEnv("FLEET_VAR_" + name); ok {
			all = append(all, s.fromText(s.vars[name], raw, "the environment variable FLEET_VAR_"+name, values)...)
		}
	}
	return all
}

// fromFolders reads the files of values of all folders.
func (s *Scope) fromFolders(values map[string]cty.Value) hcl.Diagnostics {
	var all hcl.Diagnostics
	var first, auto []string
	for _, dir := range s.project.folders {
		entries, err := os.ReadDir(dir)
		if err != nil {
			all = append(all, cannotRead(dir, err))
			continue
		}
		for _, e := range entries { // sorted by name, so that .hcl comes before .json
			switch name, path := e.Name(), filepath.Join(dir, e.Name()); {
			case e.IsDir() || strings.HasPrefix(name, "."):
			case name == valuesFile || name == valuesJSONFile:
				first = append(first, path)
			case strings.HasSuffix(name, autoSuffix) || strings.HasSuffix(name, autoJSONSuffix):
				auto = append(auto, path)
			}
		}
	}
	// Those of one name in two folders: in the order of the folders.
	slices.SortStableFunc(auto, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	for _, path := range append(first, auto...) {
		if d := refuseOdd(path); d != nil {
			all = append(all, d)
			continue
		}
		all = append(all, s.fromFile(path, values)...)
	}
	return all
}

// fromFile reads a file of values. A value for a variable nobody declared is a
// warning, because files are shared between projects.
func (s *Scope) fromFile(path string, values map[string]cty.Value) (all hcl.Diagnostics) {
	path = filepath.Clean(path)
	read := readFile(path)
	if s.anySensitive() {
		defer func() { withoutSource(all) }() // a line may hold several values
		concealFile(read.quoting)
	}
	f, all := s.project.keep(path, read)
	if f == nil || all.HasErrors() {
		return all
	}
	attrs, diags := f.Body.JustAttributes()
	all = append(all, diags...)
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		a := attrs[name]
		v := s.vars[name]
		if v == nil {
			all = append(all, &hcl.Diagnostic{
				Severity: hcl.DiagWarning,
				Summary:  "Value for unknown variable",
				Detail:   fmt.Sprintf("There is no variable %q in this project, so this value is not used.%s", name, DidYouMean(name, "", slices.Collect(maps.Keys(s.vars)))),
				Subject:  a.NameRange.Ptr(),
				Extra:    hideSource{},
			})
			continue
		}
		val, diags := s.constant(a.Expr, cty.DynamicPseudoType)
		if v.sensitive {
			conceal(diags)
		}
		all = append(all, diags...)
		if !diags.HasErrors() {
			all = append(all, v.take(val, a.Expr.Range().Ptr(), "", values)...)
		}
	}
	return all
}

func (s *Scope) fromArg(assign string, values map[string]cty.Value) hcl.Diagnostics {
	name, raw, ok := strings.Cut(assign, "=")
	if !ok {
		given := strconv.Quote(shorten(assign, 60))
		if s.anySensitive() {
			given = "what is given" // it may be a value
		}
		return hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  "Invalid --var",
			Detail:   fmt.Sprintf("--var takes NAME=VALUE; %s has no equals sign.", given),
		}}
	}
	name = strings.TrimSpace(name)
	v := s.vars[name]
	if v == nil {
		return hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  "Value for unknown variable",
			Detail:   fmt.Sprintf("--var gives a value for %q, but the project declares no such variable.%s", name, DidYouMean(name, "", slices.Collect(maps.Keys(s.vars)))),
		}}
	}
	return s.fromText(v, raw, "--var "+name, values)
}

// fromText takes a value from the environment or the command line: as it stands
// where a string, number or bool is wanted, or no type is declared, else as an
// HCL expression.
func (s *Scope) fromText(v *variable, raw, origin string, values map[string]cty.Value) hcl.Diagnostics {
	val := cty.StringVal(raw)
	if v.typed && !v.ty.IsPrimitiveType() {
		e, diags := parseExpression([]byte(raw), "<"+origin+">", hcl.InitialPos)
		if !diags.HasErrors() {
			val, diags = s.constant(e, cty.DynamicPseudoType)
		}
		if diags.HasErrors() {
			values[v.name] = cty.UnknownVal(v.ty)
			return hcl.Diagnostics{{
				Severity: hcl.DiagError,
				Summary:  "Invalid value for variable",
				Detail:   fmt.Sprintf("The value of %s is no valid HCL expression of type %s.", origin, typeexpr.TypeString(v.ty)),
			}}
		}
	}
	return v.take(val, nil, origin, values)
}

// take converts val and stores it.
func (v *variable) take(val cty.Value, at *hcl.Range, origin string, values map[string]cty.Value) hcl.Diagnostics {
	out, err := v.convert(val)
	values[v.name] = out
	if err == nil && cost(out, maxSteps, false) == maxSteps {
		err = fmt.Errorf("it is too large")
	}
	if err == nil {
		return nil
	}
	if origin != "" {
		err = fmt.Errorf("%s: %w", origin, err)
	}
	return hcl.Diagnostics{v.invalid(err, at)}
}
