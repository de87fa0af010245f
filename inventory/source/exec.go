package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"fleet/internal/childproc"
	"fleet/internal/lang"
)

// DefaultTimeout is how long the command of a source may take.
const DefaultTimeout = 10 * time.Second

// ExecOptions say what to run, and how long its answer is good.
type ExecOptions struct {
	// Command is the program and its arguments; no shell reads them.
	Command []string
	// Dir is the folder it runs in, that of the file that declares it. A
	// relative program is looked for there. Default: the working folder.
	Dir string
	// Env is added to the environment of this process.
	Env map[string]string
	// Timeout ends the command. Default: DefaultTimeout.
	Timeout time.Duration
	// Cache is how long an answer is used again without running the command.
	// Default: no answer is kept.
	Cache time.Duration
	// CacheDir is the folder of the answers. Default: fleet/sources in the
	// user's cache folder ($XDG_CACHE_HOME).
	CacheDir string
}

// Exec runs a command that prints an inventory: Ansible's dynamic-inventory JSON
// (with _meta; the command is not run again for each host), a JSON list of names
// or objects as [JSON] reads, or one name a line. It has no input; it is
// killed when ctx or its time ends, and when it prints more than 64 MiB, and so
// are its children then and when it has ended.
//
// With a cache, a command that fails, takes too long or prints what cannot be
// used is a warning, and its last good answer is used.
func Exec(ctx context.Context, o ExecOptions) *Data {
	r := &run{options: o, from: o.text()}
	if len(o.Command) == 0 || o.Command[0] == "" {
		return r.broken("The command is empty.")
	}
	var c *cache
	if o.Cache > 0 {
		var err error
		if c, err = newCache(&o); err != nil {
			r.warnings = append(r.warnings, r.note("Cache cannot be used", "Answers are not kept: %s.", err))
		}
	}
	kept := c.load(r.from)
	if kept != nil && kept.age >= 0 && kept.age < o.Cache {
		return r.with(kept.data)
	}
	text, err := r.output(ctx)
	data := r.answer(text, err)
	switch {
	case c != nil && data.sensitive():
		r.warnings = append(r.warnings, r.note("Cache cannot be used", "The answer is not kept, because a password is in it. A secret block can take its place."))
		return r.with(data)
	case !data.broken():
		if err := c.store(text); err != nil {
			r.warnings = append(r.warnings, r.note("Cache cannot be used", "The answer is not kept: %s.", err))
		}
		return r.with(data)
	case kept == nil || ctx.Err() != nil:
		return r.with(data)
	}
	r.warnings = append(r.warnings, r.note("Old answer of a source", "An answer that is %s old is used. %s", age(kept.age), data.firstError()))
	return r.with(kept.data)
}

// text is the command as people write it.
func (o *ExecOptions) text() string {
	words := make([]string, len(o.Command))
	for i, w := range o.Command {
		if words[i] = clean(w, 100); strings.ContainsAny(w, " \t\n'\"") {
			words[i] = "'" + words[i] + "'"
		}
	}
	return shorten(strings.Join(words, " "), 200)
}

// broken reports whether the data is good for nothing.
func (d *Data) broken() bool {
	return slices.ContainsFunc(d.Problems, func(p Problem) bool { return !p.Warning })
}

// sensitive reports whether anything in the data may not be shown.
func (d *Data) sensitive() bool {
	marked := func(f *Facets) bool {
		for _, values := range []map[string]Value{f.Vars, f.Settings} {
			for _, v := range values {
				if lang.IsSensitive(v.Value) {
					return true
				}
			}
		}
		return false
	}
	return marked(&d.Common) ||
		slices.ContainsFunc(d.Groups, func(g Group) bool { return marked(&g.Facets) }) ||
		slices.ContainsFunc(d.Hosts, func(h Host) bool { return marked(&h.Facets) })
}

func (d *Data) firstError() string {
	for _, p := range d.Problems {
		if !p.Warning {
			return p.Detail
		}
	}
	return ""
}

// A run is one use of a command.
type run struct {
	options  ExecOptions
	from     string // the command, for people
	warnings []Problem
}

// note is a warning about the run. It has no place but that of the source.
func (r *run) note(summary, format string, args ...any) Problem {
	return Problem{Warning: true, Summary: summary, Detail: fmt.Sprintf(format, args...)}
}

func (r *run) broken(detail string) *Data {
	return &Data{Problems: []Problem{{Summary: "Source command failed", Detail: detail}}}
}

func (r *run) with(d *Data) *Data {
	d.Problems = append(d.Problems, r.warnings...)
	return d
}

func (r *run) answer(text []byte, err error) *Data {
	if err != nil {
		return r.broken("The command failed: " + err.Error())
	}
	return parseAnswer(text, r.from)
}

// output runs the command.
func (r *run) output(ctx context.Context) ([]byte, error) {
	out, err := childproc.Run(ctx, &childproc.Command{
		Args:      r.options.Command,
		Dir:       r.options.Dir,
		Env:       r.options.Env,
		Timeout:   cmp.Or(r.options.Timeout, DefaultTimeout),
		MaxOutput: maxSize,
	})
	if err != nil {
		return nil, errors.New(reason(err) + "." + itSaid(out.Stderr))
	}
	return out.Stdout, nil
}

// reason is an error of a command in the words of people.
func reason(err error) string {
	var exit *exec.ExitError
	var start *exec.Error
	switch {
	case errors.Is(err, childproc.ErrTooMuch):
		return fmt.Sprintf("it printed more than %d MiB", maxSize>>20)
	case errors.As(err, &exit) && exit.Exited():
		return fmt.Sprintf("it exited with status %d", exit.ExitCode())
	case errors.As(err, &exit):
		return "it ended by " + exit.String()
	case errors.As(err, &start):
		return start.Err.Error()
	case errors.Is(err, fs.ErrPermission):
		return "it may not be run (hint: chmod +x)"
	}
	return withoutPath(err).Error()
}

// itSaid is what the command wrote to its standard error, as a sentence.
func itSaid(stderr []byte) string {
	var lines []string
	colors := regexp.MustCompile("\x1b\\[[0-9;:?]*[ -/]*[@-~]")
	for line := range strings.Lines(colors.ReplaceAllString(string(stderr), "")) {
		if line = clean(line, 300); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return ""
	}
	const last = 5
	return " It said: " + strings.Join(lines[max(0, len(lines)-last):], " / ")
}

// age writes a time for people.
func age(d time.Duration) string {
	switch {
	case d < 0: // the clock was set back
		return "some time"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
