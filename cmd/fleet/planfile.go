package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fleet/internal/redact"
)

// planVersion is the form of a saved plan.
const planVersion = 1

// A savedPlan is the file of "fleet plan --out": how to make the same plan again,
// and what it was made from. Nothing sensitive is in it.
type savedPlan struct {
	Plan    int               `json:"fleet_plan"`
	Version string            `json:"version"`
	Created time.Time         `json:"created"`
	Dir     string            `json:"dir"`
	Args    []string          `json:"args"`
	Inputs  map[string]string `json:"inputs"` // SHA-256 by file, and of the hosts
	Shown   *planDocument     `json:"shown"`
}

// hostsInput is the name of the hosts among the inputs: a source may give others
// at any time.
const hostsInput = "the hosts"

// inputs are the files that the plan was made from, by their names as seen from
// the working folder, and its hosts.
func (p *program) inputs() map[string]string {
	out := maps.Clone(p.inv.Inputs())
	sum := sha256.New()
	for _, t := range p.plan.Tasks {
		fmt.Fprintf(sum, "%q\n", t.Name)
		for i, h := range t.Hosts {
			vars, _ := json.Marshal(p.inv.Vars(h, i))
			fmt.Fprintf(sum, "%q %q %s\n", h.Name, h.Address(), vars)
		}
	}
	out[hostsInput] = hex.EncodeToString(sum.Sum(nil))
	return out
}

// changedInputs lists what differs, sorted.
func changedInputs(before, now map[string]string) []string {
	var out []string
	for name, sum := range before {
		if now[name] != sum {
			out = append(out, name)
		}
	}
	for name := range now {
		if _, ok := before[name]; !ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// savePlan writes the plan to the file of --out.
func (a *app) savePlan(f *planFlags, p *program, doc *planDocument) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	s := &savedPlan{
		Plan: planVersion, Version: readBuildInfo().Version, Created: time.Now().UTC(), Dir: dir,
		Inputs: p.inputs(), Shown: doc,
	}
	for _, arg := range planArguments(a.args) {
		s.Args = append(s.Args, a.redactor.String(arg))
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := writeWhole(f.out, []byte(a.redactor.String(string(text))+"\n")); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	if f.format == "text" && !a.global.quiet {
		fmt.Fprintf(a.env.stderr, "\nSaved. To carry exactly this out: fleet apply %s\n", f.out)
	}
	return nil
}

// planArguments are those of "fleet plan" that "fleet apply" takes as well.
func planArguments(args []string) []string {
	var out []string
	for i := 1; i < len(args); i++ {
		name, _, joined := strings.Cut(args[i], "=")
		switch name {
		case "--out", "--format":
			if !joined {
				i++
			}
		case "--detailed-exitcode":
		default:
			out = append(out, args[i])
		}
	}
	return out
}

// writeWhole writes a file that is there whole or not at all, for its owner alone.
func writeWhole(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// planArgument is the saved plan that args name in place of tasks; "" where they
// name tasks.
func planArgument(args []string) string {
	if len(args) != 1 {
		return ""
	}
	if strings.ContainsAny(args[0], "./"+string(filepath.Separator)) {
		return args[0]
	}
	if info, err := os.Stat(args[0]); err == nil && info.Mode().IsRegular() {
		if _, err := readPlan(args[0]); err == nil {
			return args[0]
		}
	}
	return ""
}

// maxPlanFile bounds what is read of a saved plan, in bytes.
const maxPlanFile = 256 << 20

func readPlan(path string) (*savedPlan, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is not a file of fleet plan --out", path)
	}
	var s savedPlan
	if err := json.NewDecoder(io.LimitReader(f, maxPlanFile)).Decode(&s); err != nil || s.Plan == 0 {
		return nil, fmt.Errorf("%q is not a file of fleet plan --out", path)
	}
	if s.Plan != planVersion {
		return nil, fmt.Errorf("%q was saved by fleet %s, in a form that this fleet does not read: make the plan again", path, s.Version)
	}
	return &s, nil
}

// applyFile carries a saved plan out, where nothing has changed since.
func (a *app) applyFile(ctx context.Context, cmd *cobra.Command, f *applyFlags, path string) error {
	s, err := readPlan(path)
	if err != nil {
		return &usageError{err: err}
	}
	if a.saved != nil {
		return badUsage("%q is a plan in a plan", path)
	}
	for _, name := range []string{"only", "skip", "start-at", "limit", "exclude", "failed", "pick", "seed", "inventory", "var-file"} {
		if flag := cmd.Flags().Lookup(name); flag != nil && flag.Changed {
			return &usageError{err: badUsage("--%s would change the plan in %s", name, path), hint: "make another plan, or name the tasks in place of the file"}
		}
	}
	args, err := fillIn(s.Args, a.args, path)
	if err != nil {
		return err
	}
	if err := os.Chdir(s.Dir); err != nil {
		return fmt.Errorf("the plan was made in another folder: %w", err)
	}
	inner := newApp(a.env)
	inner.global, inner.saved, inner.resumed, inner.guided = a.global, s, a.resumed, a.guided
	defer inner.close()
	return exit(inner.run(ctx, args))
}

// fillIn is the command line that carries a saved plan out: that of the plan, and
// what was given for now.
func fillIn(saved, given []string, path string) ([]string, error) {
	args := []string{"apply"}
	var values []string
	for i := 1; i < len(given); i++ {
		if given[i] == path {
			continue
		}
		args = append(args, given[i])
		if name, value, ok := strings.Cut(strings.TrimPrefix(given[i], "--var="), "="); ok {
			values = append(values, name+"="+value)
		}
	}
	for _, arg := range saved {
		if !strings.Contains(arg, redact.Mark) {
			args = append(args, arg)
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-e"), "--var="), "=")
		i := slices.IndexFunc(values, func(v string) bool { return strings.HasPrefix(v, name+"=") })
		if i < 0 {
			return nil, &usageError{
				err:  fmt.Errorf("%q of the plan is sensitive, and not saved in it", name),
				hint: fmt.Sprintf("give it again: fleet apply %s -e %s=...", path, name),
			}
		}
		args = append(args, strings.Replace(arg, name+"="+redact.Mark, values[i], 1))
	}
	return args, nil
}

// checkSaved refuses a plan that would not be made the same way now.
func (a *app) checkSaved(p *program) error {
	if a.saved == nil {
		return nil
	}
	changed := changedInputs(a.saved.Inputs, p.inputs())
	if len(changed) == 0 {
		return nil
	}
	return &usageError{
		err:  fmt.Errorf("changed since the plan was made: %s", strings.Join(changed, ", ")),
		hint: "make the plan again, and look at it: fleet plan --out FILE",
	}
}
