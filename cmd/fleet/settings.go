package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
)

// Settings are what the user's configuration says: config.hcl in the folder fleet
// of the user's configuration.
type settings struct {
	auto bool          // an agent is started by the first command that could use one
	idle time.Duration // and ends when nobody has used it for so long
}

// defaultIdle is how long an agent that was started by itself waits for its use.
const defaultIdle = 30 * time.Minute

// settingsFile is where the user's configuration is; "" where there is no home.
func settingsFile(e *env) string {
	dir := e.value("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) {
		home := e.value("HOME")
		if !filepath.IsAbs(home) {
			return ""
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "fleet", "config.hcl")
}

// settings reads the user's configuration. Without one, it is what everything is by
// default. What is wrong with it is shown.
func (a *app) settings() (settings, error) {
	s := settings{idle: defaultIdle}
	path := settingsFile(&a.env)
	if path == "" {
		return s, nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	project, diags := lang.Parse([]string{path})
	blocks, found := project.Decode(agentDef().Header())
	diags = append(diags, found...)
	scope, found := project.NewScope(lang.Inputs{LookupEnv: a.env.lookup})
	diags = append(diags, found...)
	for i, b := range blocks {
		if i > 0 {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: "Duplicate block", Subject: &blocks[i].DefRange,
				Detail: fmt.Sprintf("There is already a block agent at %s.", lang.Place(blocks[0].DefRange)),
			})
			continue
		}
		content, found := project.Content(b.Body, agentDef().Body())
		diags = append(append(diags, found...), s.decode(scope, content.Attributes)...)
	}
	if diags.HasErrors() {
		return s, a.diagnose(project.Diagnostics(diags))
	}
	return s, nil
}

// agentDef is the block agent of the user's configuration.
func agentDef() *lang.BlockDef {
	return &lang.BlockDef{
		Type: "agent",
		Doc:  "The agent that keeps connections (`fleet agent`).",
		Attrs: []lang.AttrDef{
			{Name: "auto", Type: "bool", Doc: "Whether the first command that could use the agent starts it.", Default: "false"},
			{Name: "idle_timeout", Type: "duration", Doc: "Time without use after which an agent that was started by itself ends.", Default: "30m"},
		},
		Example: `agent {
  auto         = true
  idle_timeout = "30m"
}`,
	}
}

func (s *settings) decode(scope *lang.Scope, given hcl.Attributes) (all hcl.Diagnostics) {
	value := func(name string, want cty.Type) (v cty.Value, ok bool) {
		attr := given[name]
		if attr == nil {
			return v, false
		}
		v, diags := scope.Eval(attr.Expr, want)
		all = append(all, diags...)
		v, _ = v.Unmark()
		return v, !diags.HasErrors() && v.IsKnown() && !v.IsNull()
	}
	if v, ok := value("auto", cty.Bool); ok {
		s.auto = v.True()
	}
	if v, ok := value("idle_timeout", cty.String); ok {
		d, err := time.ParseDuration(v.AsString())
		if err != nil || d <= 0 {
			all = append(all, &hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: "Invalid value", Subject: given["idle_timeout"].Expr.Range().Ptr(),
				Detail: fmt.Sprintf("idle_timeout is %q, and has to be a duration above 0, such as \"30m\".", v.AsString()),
			})
			return all
		}
		s.idle = d
	}
	return all
}
