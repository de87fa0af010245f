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

	found   lang.Diagnostics // in all files
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
	cmd.Flags().BoolVar(&f.recursive, "recursive", false, "go into the folders below, too")
	return cmd
}

func (f *formatter) run(paths []string) error {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, path := range paths {
		if err := f.path(path); err != nil {
			return err
		}
	}
	if err := f.app.diagnose(f.found); err != nil {
		return err
	}
	if f.check && f.changes {
		return exit(statusDiffers)
	}
	return nil
}

// path formats a file, the files of a folder, or standard input.
func (f *formatter) path(path string) error {
	if path == "-" {
		return f.stdin()
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return unreadable(path, err)
	case !info.IsDir():
		if strings.HasSuffix(path, ".json") {
			return badUsage("%q is JSON, which fleet fmt does not touch", path)
		}
		return f.file(path)
	}
	return filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return unreadable(p, err)
		case d.IsDir() && p != path && (!f.recursive || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case !d.IsDir() && (strings.HasSuffix(p, lang.NativeSuffix) || strings.HasSuffix(p, ".vars.hcl")):
			return f.file(p)
		default:
			return nil
		}
	})
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

func (f *formatter) stdin() error {
	src, err := io.ReadAll(f.app.env.stdin)
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

func (f *formatter) file(path string) error {
	src, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	out, found := lang.Format(src, path)
	f.found = append(f.found, found...)
	if found.HasErrors() || bytes.Equal(src, out) {
		return nil
	}
	f.changes = true
	if _, err := fmt.Fprintln(f.app.env.stdout, path); err != nil {
		return err
	}
	if f.diff {
		if err := f.show(path, src, out); err != nil {
			return err
		}
	}
	if f.check {
		return nil
	}
	return replaceFile(path, out)
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
