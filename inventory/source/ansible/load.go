package ansible

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fleet/inventory/source"
)

// The bounds of one inventory. They are far above what people keep, and low
// enough that a hostile one costs neither memory nor time to speak of.
const (
	maxFileSize  = 16 << 20  // bytes of a file, as read
	maxTotalSize = 64 << 20  // bytes of all files
	maxLine      = 256 << 10 // bytes of a line in INI
	maxNames     = 1_000_000 // of hosts, in all groups together
	maxHosts     = 200_000
	maxGroups    = 50_000
	maxValues    = 800_000
	maxAliased   = 200_000    // values that come from aliases of YAML
	maxNesting   = 100        // of values, groups and folders
	maxFiles     = 1000       // of a folder that is an inventory
	maxProblems  = 50         // of errors, and of warnings
	maxLevels    = 10_000_000 // pairs of a host or a group and one above it
)

// Options say which inventory to read.
type Options struct {
	// Path is an inventory file, or a folder of them. Problems and places name
	// the files below it as it is spelled here.
	Path string
}

// Load reads an inventory. It always returns what it found; what is wrong with
// it stands among the Problems.
func Load(ctx context.Context, o Options) *source.Data {
	l := newLoader(ctx)
	l.path(o.Path)
	if l.errors == 0 {
		l.varsFolders(o.Path)
	}
	return l.data()
}

// A loader reads one inventory into its model.
type loader struct {
	ctx       context.Context
	model     *model
	resolver  *resolver
	addresses *addresses

	problems         []source.Problem
	errors, warnings int
	files            int // of folders, seen so far
	bytes            int // of files, read so far
	names            int // expanded so far
	values           int // that may still come
	aliased          int // that may still come from aliases
	aliases          int // that are being followed
}

func newLoader(ctx context.Context) *loader {
	return &loader{ctx: ctx, model: newModel(), resolver: newResolver(), addresses: newAddresses(), values: maxValues, aliased: maxAliased}
}

// fail notes an error, and warn a warning. Beyond maxProblems, nobody reads on.
func (l *loader) fail(at source.Place, summary, format string, args ...any) {
	l.errors++
	l.note(l.errors, source.Problem{At: at, Summary: summary, Detail: fmt.Sprintf(format, args...)})
}

func (l *loader) warn(at source.Place, summary, format string, args ...any) {
	l.warnings++
	l.note(l.warnings, source.Problem{At: at, Warning: true, Summary: summary, Detail: fmt.Sprintf(format, args...)})
}

// problem notes an error that was made elsewhere.
func (l *loader) problem(p source.Problem) {
	l.errors++
	l.note(l.errors, p)
}

func (l *loader) note(n int, p source.Problem) {
	switch {
	case n == maxProblems:
		p.Summary, p.Detail = "Too many problems", "There are more problems of this kind than are worth telling. Mend those above first."
		fallthrough
	case n < maxProblems:
		l.problems = append(l.problems, p)
	}
}

// stopped reports whether there is no use in reading on.
func (l *loader) stopped() bool {
	return l.errors >= maxProblems || l.ctx.Err() != nil
}

// path reads a file or a folder that was asked for by name.
func (l *loader) path(name string) {
	at := source.Place{File: name}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		l.fail(at, "Unreadable inventory", "%s.", reason(err))
	case info.IsDir():
		l.folder(name, 0)
	default:
		l.file(name, false)
	}
	if err := l.ctx.Err(); err != nil {
		l.fail(at, "Unreadable inventory", "Reading was stopped: %v.", context.Cause(l.ctx))
	}
}

// folder reads the files of a folder in the order of their names, as Ansible
// does, and leaves out what Ansible leaves out.
func (l *loader) folder(name string, depth int) {
	at := source.Place{File: name}
	if depth > maxNesting/5 {
		l.fail(at, "Inventory too large", "Folders nest more than %d deep.", maxNesting/5)
		return
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		l.fail(at, "Unreadable inventory", "%s.", reason(err))
		return
	}
	for _, e := range entries {
		if ignored(e.Name()) || l.stopped() {
			continue
		}
		if l.files++; l.files > maxFiles {
			l.fail(at, "Inventory too large", "A folder may hold %d inventory files.", maxFiles)
			return
		}
		full := filepath.Join(name, e.Name())
		if info, err := os.Stat(full); err == nil && info.IsDir() {
			l.folder(full, depth+1)
		} else {
			l.file(full, true)
		}
	}
}

// ignored reports whether Ansible ignores a name in a folder of inventories.
func ignored(name string) bool {
	switch name {
	case "host_vars", "group_vars", "vars_plugins":
		return true
	}
	if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") {
		return true
	}
	switch filepath.Ext(name) {
	case ".pyc", ".pyo", ".swp", ".bak", ".rpm", ".md", ".txt", ".rst", ".orig", ".ini", ".cfg", ".retry":
		return true
	}
	return false
}

// reason says why a file cannot be read, without its name.
func reason(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:]
}
