package transfer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/bmatcuk/doublestar/v4"
)

// Bounds of what a pattern may bring up.
const (
	globMax      = 100_000  // paths, at each "/" of the pattern
	globNamesMax = 64 << 20 // bytes of the names that are compared with one part of it
)

// Glob tells which paths of the host a pattern names, sorted. "*", "?" and "[a-z]"
// stand for bytes of one name, as in a shell: a name that begins with a dot is meant
// by a pattern alone that does so too, and what cannot be looked into has nothing in
// it. A pattern that ends with "/" names folders. A path without any of those comes
// back as it is, whether it exists or not.
func (r *Remote) Glob(ctx context.Context, pattern string) ([]string, error) {
	if !strings.ContainsAny(pattern, "*?[") {
		return []string{pattern}, nil
	}
	full, err := r.resolve(pattern)
	if err != nil {
		return nil, err
	}
	folders := strings.HasSuffix(full, "/")
	// What no part of the pattern is in is a path, and not for this to change.
	parts := strings.Split(strings.TrimRight(full, "/"), "/")
	paths := []string{""}
	for n, part := range parts {
		if n == 0 || part == "" {
			continue
		}
		if paths, err = r.expand(ctx, paths, part, n == len(parts)-1); err != nil {
			return nil, fmt.Errorf("pattern %q: %w", pattern, err)
		}
	}
	if folders {
		paths, err = r.foldersAmong(ctx, paths)
	}
	slices.Sort(paths)
	return paths, err
}

// expand replaces each folder of paths by what part names in it. A plain name that
// is the last is looked up: a pattern names what is there.
func (r *Remote) expand(ctx context.Context, paths []string, part string, last bool) ([]string, error) {
	if !strings.ContainsAny(part, "*?[") {
		return forEach(ctx, paths, func(ctx context.Context, dir string) ([]string, error) {
			name := dir + "/" + part
			if !last {
				return []string{name}, nil
			}
			_, err := r.sys.lstat(ctx, name)
			return unlessMissing(ctx, name, err)
		})
	}
	words, err := wildcards(part)
	if err != nil {
		return nil, err
	}
	var size atomic.Int64 // of all names
	return forEach(ctx, paths, func(ctx context.Context, dir string) ([]string, error) {
		names, err := r.names(ctx, dir+"/", &size)
		if errors.Is(err, errManyNames) {
			return nil, err
		}
		if err != nil {
			// Where it is but one folder the user has meant that one.
			is, missing := r.sys.stat(ctx, dir)
			if len(paths) == 1 && (errors.Is(missing, fs.ErrPermission) || missing == nil && is.kind == aFolder) {
				return nil, err
			}
			return unlessMissing(ctx, "", err)
		}
		var found []string
		for _, name := range names {
			hidden := strings.HasPrefix(name, ".") && !strings.HasPrefix(part, ".")
			if !hidden && doublestar.MatchUnvalidated(words, name) {
				found = append(found, dir+"/"+name)
			}
		}
		return found, nil
	})
}

// foldersAmong are those of paths that are folders, or lead to one.
func (r *Remote) foldersAmong(ctx context.Context, paths []string) ([]string, error) {
	return forEach(ctx, paths, func(ctx context.Context, p string) ([]string, error) {
		is, err := r.sys.stat(ctx, p)
		if err == nil && is.kind != aFolder {
			return nil, nil
		}
		return unlessMissing(ctx, p+"/", err)
	})
}

// unlessMissing is name, or nothing where err says that it cannot be seen.
func unlessMissing(ctx context.Context, name string, err error) ([]string, error) {
	switch {
	case err == nil:
		return []string{name}, nil
	case unreachable(err) || ctx.Err() != nil:
		return nil, err
	}
	return nil, nil
}

// forEach joins what do finds for each of paths, many at a time.
func forEach(ctx context.Context, paths []string, do func(context.Context, string) ([]string, error)) ([]string, error) {
	type answer struct {
		path  string
		found []string
	}
	answers := make([]*answer, len(paths))
	for i, p := range paths {
		answers[i] = &answer{path: p}
	}
	var count atomic.Int64
	err := each(ctx, answers, func(ctx context.Context, a *answer) (err error) {
		a.found, err = do(ctx, a.path)
		if count.Add(int64(len(a.found))) > globMax {
			return fmt.Errorf("it names more than %d paths", globMax)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var all []string
	for _, a := range answers {
		all = append(all, a.found...)
	}
	return all, nil
}

// namesScript ends each name with a NUL, which none can hold.
const namesScript = `cd -- "$1" || exit 1
for n in * .[!.]* ..?*; do
	if [ -e "$n" ] || [ -h "$n" ]; then printf '%s\000' "$n"; fi
done`

var errManyNames = errors.New("there are too many files to look through")

// heldNames are names that a command prints, while there are not too many.
type heldNames struct {
	bytes.Buffer
	size *atomic.Int64
}

func (h *heldNames) Write(p []byte) (int, error) {
	if h.size.Add(int64(len(p))) > globNamesMax {
		return 0, errManyNames
	}
	return h.Buffer.Write(p)
}

// names are those of what is in the folder dir, which ends with "/". It adds their
// size to size.
func (r *Remote) names(ctx context.Context, dir string, size *atomic.Int64) ([]string, error) {
	var names []string
	if r.sftp {
		err := r.sys.walk(ctx, dir, func(i info) error {
			if size.Add(int64(len(i.path))) > globNamesMax {
				return errManyNames
			}
			names = append(names, i.path)
			if i.kind == aFolder {
				return fs.SkipDir
			}
			return nil
		})
		return names, err
	}
	out := &heldNames{size: size}
	status, said, err := r.run(ctx, namesScript, []string{dir}, nil, out)
	if size.Load() > globNamesMax {
		return nil, errManyNames
	}
	if err != nil {
		return nil, err
	}
	if status.Code != 0 {
		return nil, failed("read folder", path.Clean(dir), cmp.Or(knownText(said), errors.New(said)))
	}
	for name := range bytes.SplitSeq(out.Bytes(), []byte{0}) {
		if len(name) > 0 {
			if err := checkName(string(name)); err != nil {
				return nil, err
			}
			names = append(names, string(name))
		}
	}
	return names, nil
}
