package secret

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// File is a file that holds the secret and nothing else.
type File struct {
	// Path is relative to Dir, or begins with "~/".
	Path string
	// Dir is the folder of the file that declares the secret. Default: the
	// working directory.
	Dir string
}

// Check is part of Provider.
func (f File) Check() error { return checkPath("file", f.Path) }

func (f File) reveal(_ context.Context, r *Resolver) (string, error) {
	b, err := r.readPrivate(f.Dir, f.Path)
	return withoutLineEnd(string(b)), err
}

// checkPath says why path, the value of the attribute what, names no file.
func checkPath(what, path string) error {
	switch {
	case path == "":
		return fmt.Errorf("%s is empty", what)
	case strings.IndexByte(path, 0) >= 0:
		return fmt.Errorf("%s holds a NUL byte", what)
	default:
		return nil
	}
}

// locate makes a path absolute, or relative to the working directory.
func (r *Resolver) locate(dir, path string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
		home, ok := r.cfg.LookupEnv("HOME")
		if !ok || home == "" {
			home, _ = os.UserHomeDir() // without one, the file is not found
		}
		return filepath.Join(home, rest)
	}
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// readPrivate reads a file that should be the user's own.
func (r *Resolver) readPrivate(dir, path string) ([]byte, error) {
	b, info, err := r.readFile(dir, path)
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o004 != 0 {
		r.cfg.Warn(fmt.Sprintf("every user of this machine can read %s, which holds a secret; hint: chmod o-r", r.locate(dir, path)))
	}
	return b, err
}

// readFile reads a file that may be anybody's. What holds a secret may be a
// little larger than the secret itself, encrypted.
func (r *Resolver) readFile(dir, path string) ([]byte, fs.FileInfo, error) {
	const most = 2 * textMax
	path = r.locate(dir, path)
	info, err := os.Stat(path) // opening a named pipe would wait for a writer
	switch {
	case err != nil:
		return nil, nil, err
	case info.IsDir():
		return nil, nil, fmt.Errorf("%q is a folder", path)
	case !info.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%q is not a regular file; hint: exec runs a command that prints a secret", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, nil, err
	case len(b) > most:
		return nil, nil, errTooLarge
	case len(b) == 0:
		return nil, nil, errors.New("the file is empty")
	}
	return b, info, nil
}
