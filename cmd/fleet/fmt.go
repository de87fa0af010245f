package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/aymanbagabas/go-udiff"
	"github.com/spf13/cobra"

	"fleet/internal/lang"
)

// A formatter is one invocation of "fleet fmt".
type formatter struct {
	app       *app
	check     bool
	diff      bool
	recursive bool
	list      bool
	write     bool

	found   lang.Diagnostics // in all files
	failed  []error          // of files that could not be read or written
	changes bool             // whether a file changed, or would
}

func newFmtCommand(a *app) *cobra.Command {
	f := &formatter{app: a}
	cmd := &cobra.Command{
		Use:   "fmt [flags] [PATH...]",
		Short: "Write inventories in their one form",
		Long: `Write files in their one form: *.fleet.hcl and *.vars.hcl of the folder, or of those
given. The names of files that changed are printed. A file with a mistake in its
syntax is left as it is. With - as PATH, standard input is formatted to standard
output.`,
		Example: "  fleet fmt --check --diff --recursive .",
		RunE: func(_ *cobra.Command, args []string) error {
			return f.run(args)
		},
	}
	cmd.Flags().BoolVar(&f.check, "check", false, "change nothing; exit with 3 where a file would change")
	cmd.Flags().BoolVar(&f.diff, "diff", false, "show what changes")
	cmd.Flags().BoolVar(&f.list, "list", true, "print the names of files that change")
	cmd.Flags().BoolVar(&f.recursive, "recursive", false, "go into the folders below, too")
	cmd.Flags().BoolVar(&f.write, "write", true, "change the files; --write=false changes nothing")
	return cmd
}

// run formats all paths. What is wrong with one file keeps no other from being
// formatted; a mistake counts more than a difference.
func (f *formatter) run(paths []string) error {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, path := range paths {
		if err := f.path(path); err != nil {
			return err
		}
	}
	err := f.app.diagnose(f.found)
	if len(f.failed) > 0 {
		err = errors.Join(f.failed...)
	}
	if err == nil && f.check && f.changes {
		err = exit(statusDiffers)
	}
	return err
}

// path formats a file, the files of a folder, or standard input. An error is one
// that ends the command: nobody takes what it prints.
func (f *formatter) path(path string) error {
	if path == "-" {
		return f.stdin()
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		f.fail(path, err)
		return nil
	case info.IsDir():
		return f.folder(path)
	case strings.HasSuffix(path, ".json"):
		f.failed = append(f.failed, badUsage("%q is JSON, which fleet fmt does not touch", path))
		return nil
	}
	return f.file(path)
}

// folder formats the files of a folder. Hidden ones are not of the project, but
// of an editor, or of version control.
func (f *formatter) folder(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		f.fail(path, err)
		return nil
	}
	for _, e := range entries {
		name, p := e.Name(), filepath.Join(path, e.Name())
		switch {
		case strings.HasPrefix(name, "."):
		case e.IsDir():
			if f.recursive {
				err = f.folder(p)
			}
		case strings.HasSuffix(name, lang.NativeSuffix) || strings.HasSuffix(name, ".vars.hcl"):
			err = f.file(p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fail notes that path could not be read or written, and that others may.
func (f *formatter) fail(path string, err error) {
	f.failed = append(f.failed, unreadable(path, err))
}

// unreadable says of path what the system says, in its words and no others.
func unreadable(path string, err error) error {
	var system syscall.Errno
	if !errors.As(err, &system) {
		return err
	}
	if path == "." && errors.Is(err, fs.ErrNotExist) {
		return errors.New("the folder you are in was deleted")
	}
	return fmt.Errorf("%q: %w", path, system)
}

// readSource reads up to a little more than a project file may have: the rest
// would only be refused.
func readSource(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, lang.MaxFileSize+1))
}

// readFile reads a regular file: there is no new form to put in the place of a
// pipe or a device, and reading one may never end.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return nil, fmt.Errorf("%q is not a regular file; fleet fmt - formats standard input", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	return readSource(file)
}

func (f *formatter) stdin() error {
	src, err := readSource(f.app.env.stdin)
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	out, found := lang.Format(src, "standard input")
	f.found = append(f.found, found...)
	if found.HasErrors() {
		return nil
	}
	f.changes = f.changes || !bytes.Equal(src, out)
	if f.diff {
		return f.show("standard input", src, out)
	}
	if f.check {
		return nil
	}
	_, err = f.app.env.stdout.Write(out)
	return err
}

// file formats a file: as terraform fmt does, its new form is printed where
// neither its name, nor what changes, nor the file itself is to be written.
func (f *formatter) file(path string) error {
	src, err := readFile(path)
	if err != nil {
		f.fail(path, err)
		return nil
	}
	out, found := lang.Format(src, path)
	f.found = append(f.found, found...)
	changed := !bytes.Equal(src, out)
	if found.HasErrors() {
		return nil
	}
	f.changes = f.changes || changed
	write := f.write && !f.check
	switch {
	case changed && f.list:
		_, err = fmt.Fprintln(f.app.env.stdout, path)
	case !f.list && !write && !f.check && !f.diff:
		_, err = f.app.env.stdout.Write(out)
	}
	if err == nil && changed && f.diff {
		err = f.show(path, src, out)
	}
	if err != nil || !changed || !write {
		return err
	}
	if err := replaceFile(path, out); err != nil {
		f.fail(path, err)
	}
	return nil
}

func (f *formatter) show(name string, before, after []byte) error {
	_, err := io.WriteString(f.app.env.stdout, udiff.Unified(name, name+" (formatted)", string(before), string(after)))
	return err
}

// replaceFile gives the file at path new content, at once: whoever reads it, or
// pulls the plug, finds the old or the new. A symbolic link stays one.
func replaceFile(path string, data []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(info.Mode().Perm()), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}
