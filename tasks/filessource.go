package tasks

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"fleet/internal/lang"
)

// A localPath is a path on this machine, as it was written in a file of folder.
type localPath struct{ text, folder string }

// folder is where relative paths of e begin.
func (e *expr) folder() string { return filepath.Dir(e.Range().Filename) }

// localPath is the path that e says.
func (m *maker) localPath(e *expr) (localPath, bool) {
	text, ok := m.shownRequired(e)
	if !ok {
		return localPath{}, false
	}
	return localPath{text, e.folder()}, true
}

// name is the path as seen from the working folder, as it is shown.
func (p localPath) name() string { return lang.LocalPath(p.text, p.folder) }

// absolute is the whole path.
func (p localPath) absolute() string {
	abs, err := filepath.Abs(p.name())
	if err != nil {
		return p.name() // there is no working folder: opening it says so
	}
	return abs
}

func (p localPath) endsWithSlash() bool {
	return p.text != "" && os.IsPathSeparator(p.text[len(p.text)-1])
}

// hasSource reports whether a source is there, is what the step copies, and can be
// read. In a preview, what an earlier step of this machine may yet make is late.
func (m *maker) hasSource(x *stepExprs, source localPath, folder bool) bool {
	e, name := x.attrs[x.Kind+".source"], source.name()
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && m.host.preview && x.fresh:
		m.late = true
		return false
	case errors.Is(err, fs.ErrNotExist):
		m.fail(e, "Invalid source", "There is no %q.%s", name, nearFile(name))
		return false
	case err == nil && info.IsDir() && !folder:
		m.fail(e, "Invalid source", "%q is a folder, and a %s takes one file. A sync copies folders.", name, x.Kind)
		return false
	case err == nil && !info.IsDir() && folder:
		m.fail(e, "Invalid source", "%q is no folder, and a sync takes one. A copy is for a single file.", name)
		return false
	case err == nil && !folder && !info.Mode().IsRegular():
		m.fail(e, "Invalid source", "%q is no regular file: a pipe or device has no content that could be compared.", name)
		return false
	}
	if err == nil {
		err = readable(name)
	}
	if err != nil {
		m.fail(e, "Invalid source", "%q cannot be read: %s.", name, bareCause(err))
		return false
	}
	return true
}

// readable is an error where a file or folder cannot be opened.
func readable(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// bareCause is an error of the system without the path.
func bareCause(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// nearFile is a hint at a name beside the path that was most likely meant.
func nearFile(path string) string {
	const most = 1000
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return ""
	}
	defer folder.Close()
	names, err := folder.Readdirnames(most)
	if err != nil {
		return ""
	}
	return lang.DidYouMean(filepath.Base(path), "", names)
}
