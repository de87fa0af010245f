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
	Inputs  map[string]string `json:"inputs"` // SHA-256 by file, and of what else was given
	Shown   *planDocument     `json:"shown"`
}

// hostsInput is the name of the hosts among the inputs: a source may give others
// at any time.
const hostsInput = "the hosts"

// inputs are the files that the plan was made from and those that it copies, by
// their names as seen from the working folder, its hosts, and the values of variables.
func (p *program) inputs(ctx context.Context) map[string]string {
	out := maps.Clone(p.inv.Inputs())
	maps.Copy(out, p.sourceSums(ctx))
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

// changedInputs lists what differs, sorted. A file that was read late, for a host,
// may not have been read by now.
func changedInputs(ctx context.Context, before, now map[string]string) []string {
	var out []string
	for name, sum := range before {
		if have, ok := now[name]; have != sum && (ok || fileSum(ctx, name) != sum) {
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

// fileSum is the SHA-256 of a file; "" where it cannot be read.
func fileSum(ctx context.Context, path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	sum := sha256.New()
	for ctx.Err() == nil {
		switch _, err := io.CopyN(sum, f, 16<<20); {
		case errors.Is(err, io.EOF):
			return hex.EncodeToString(sum.Sum(nil))
		case err != nil:
			return ""
		}
	}
	return ""
}

// savePlan writes the plan to the file of --out.
func (a *app) savePlan(ctx context.Context, f *planFlags, p *program, doc *planDocument) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	s := &savedPlan{
		Plan: planVersion, Version: readBuildInfo().Version, Created: time.Now().UTC(), Dir: dir,
		Inputs: p.inputs(ctx), Shown: doc.withoutDiffs(),
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	args, err := a.repeatable(&f.sel, p.inv)
	if err != nil {
		return err
	}
	t := readTyped(args)
	if t.flags, err = t.without("out", "format", "detailed-exitcode"); err != nil {
		return err
	}
	t.command = []string{"apply"}
	s.Args = t.args()
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

// writeWhole writes a file that is there whole or not at all, for its owner alone.
// What is there already must be a file; a link to one stays a link.
func writeWhole(path string, text []byte) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%q is there, and is not a file", path)
	}
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
func (a *app) applyFile(ctx context.Context, path string) error {
	s, err := readPlan(path)
	if err != nil {
		return &usageError{err: err}
	}
	if a.saved != nil {
		return badUsage("%q is a plan in a plan", path)
	}
	plan := readTyped(s.Args)
	if err := refuseChanges(path, plan, a.typed); err != nil {
		return err
	}
	given, err := a.typed.without()
	if err != nil {
		return err
	}
	again, lost := plan.with(&a.env, given)
	if lost != "" {
		return &usageError{
			err:  fmt.Errorf("%q of the plan is sensitive, and not saved in it", lost),
			hint: fmt.Sprintf("give it again: fleet apply %s %s=...", path, lost),
		}
	}
	if err := os.Chdir(s.Dir); err != nil {
		return fmt.Errorf("the plan was made in another folder: %w", err)
	}
	return a.repeat(ctx, again, func(inner *app) { inner.saved, inner.resumed = s, a.resumed })
}

// refuseChanges refuses flags with which another plan would be carried out than
// the one that was looked at.
func refuseChanges(path string, plan, given *typed) error {
	unkept := plan.unkept()
	for _, f := range given.flags {
		name := "--" + f.name
		switch f.name {
		case "var":
			variable, _, _ := strings.Cut(f.value, "=")
			if unkept[variable] {
				continue
			}
			name = "-e " + variable
		case "only", "skip", "start-at", "limit", "exclude", "failed", "pick", "seed", "inventory", "var-file":
		default:
			continue
		}
		return &usageError{err: badUsage("%s would change the plan in %s", name, path), hint: "make another plan, or name the tasks in place of the file"}
	}
	return nil
}

// checkSaved refuses a plan that would not be made the same way now.
func (a *app) checkSaved(ctx context.Context, p *program) error {
	if a.saved == nil {
		return nil
	}
	changed := changedInputs(ctx, a.saved.Inputs, p.inputs(ctx))
	if len(changed) == 0 {
		return nil
	}
	return &usageError{
		err:  fmt.Errorf("changed since the plan was made: %s", strings.Join(changed, ", ")),
		hint: "make the plan again, and look at it: fleet plan --out FILE",
	}
}
