package ansible

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"fleet/inventory/source"
)

// varsFolders reads group_vars and host_vars beside the inventory.
func (l *loader) varsFolders(path string) {
	base := path
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		base = filepath.Dir(path)
	}
	if f := l.varsFolder(filepath.Join(base, "group_vars")); f != nil {
		for _, g := range l.model.groups {
			for _, v := range f.of(g.name) {
				if g.files == nil {
					g.files = map[string]source.Value{}
				}
				g.files[v.name] = v.value
			}
		}
	}
	if f := l.varsFolder(filepath.Join(base, "host_vars")); f != nil {
		for i := range l.model.hosts {
			h := &l.model.hosts[i]
			for _, v := range f.of(h.Name) {
				if h.Vars == nil {
					h.Vars = map[string]source.Value{}
				}
				h.Vars[v.name] = v.value
			}
		}
	}
}

// A varsFolder is a folder with files for hosts or groups.
type varsFolder struct {
	*loader
	path  string
	names map[string]bool // what is in it
}

// varsFolder lists a folder; nil where there is none.
func (l *loader) varsFolder(path string) *varsFolder {
	entries, err := os.ReadDir(path)
	switch {
	case os.IsNotExist(err):
		return nil
	case err != nil:
		l.fail(source.Place{File: path}, "Unreadable inventory", "%s.", reason(err))
		return nil
	}
	f := &varsFolder{loader: l, path: path, names: make(map[string]bool, len(entries))}
	for _, e := range entries {
		f.names[e.Name()] = true
	}
	return f
}

// of reads the variables of a name, from the first of its files or folders that
// there is. The later of one name win.
func (f *varsFolder) of(name string) []variable {
	if f.stopped() {
		return nil
	}
	for _, ext := range []string{"", ".yml", ".yaml", ".json"} {
		if !f.names[name+ext] {
			continue
		}
		full := filepath.Join(f.path, name+ext)
		if info, err := os.Stat(full); err == nil && info.IsDir() {
			return f.folder(full, 0)
		}
		return f.file(full)
	}
	return nil
}

// folder reads the files in the folder of a name, and below it.
func (f *varsFolder) folder(path string, depth int) []variable {
	at := source.Place{File: path}
	entries, err := os.ReadDir(path)
	switch {
	case err != nil:
		f.fail(at, "Unreadable inventory", "%s.", reason(err))
		return nil
	case depth > maxNesting/5:
		f.fail(at, "Inventory too large", "Folders nest more than %d deep.", maxNesting/5)
		return nil
	}
	var out []variable
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), "~") || f.stopped() {
			continue
		}
		ext := filepath.Ext(e.Name())
		full := filepath.Join(path, e.Name())
		info, err := os.Stat(full)
		switch {
		case err == nil && info.IsDir() && ext == "":
			out = append(out, f.folder(full, depth+1)...)
		case err == nil && info.IsDir():
		case slices.Contains([]string{"", ".yml", ".yaml", ".json"}, ext):
			out = append(out, f.file(full)...)
		}
	}
	return out
}

// file reads one file of variables.
func (f *varsFolder) file(path string) []variable {
	text, ok := f.read(path)
	if !ok {
		return nil
	}
	if vaulted(text) {
		f.inVault(source.Place{File: path})
		return nil
	}
	root, problem := compose(path, text)
	switch {
	case problem != nil:
		f.problem(*problem)
		return nil
	case root == nil:
		return nil
	case root.Kind == yaml.MappingNode:
		return f.variables(path, f.pairs(path, root, 0))
	}
	if v, ok := f.resolver.scalar(root); root.Kind == yaml.ScalarNode && ok && v.IsNull() {
		return nil
	}
	f.fail(source.Place{File: path, Line: root.Line}, "Invalid inventory", "A file of variables is a mapping of names to values.")
	return nil
}
