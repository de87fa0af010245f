package transfer

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"unicode"
)

// canHold tells why a file with this name cannot be on this system; nil, where it can.
func canHold(name string) error {
	if len(name) > maxName {
		return fmt.Errorf("the name is %d bytes long, and %d is the most", len(name), maxName)
	}
	if runtime.GOOS != "windows" {
		return nil
	}
	if !filepath.IsLocal(name) || strings.ContainsAny(name, `\:*?"<>|`) || strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") {
		return errors.New("such names are not possible on Windows")
	}
	return nil
}

// checkLocal refuses a path of an Item that is not one within the Folder. It has
// "/" between names.
func checkLocal(name string) error {
	if name == "." {
		return nil
	}
	if path.Clean(name) != name || path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../") || strings.Contains(name, "\x00") {
		return fmt.Errorf("%q is not a path within the folder", name)
	}
	for part := range strings.SplitSeq(name, "/") {
		if err := canHold(part); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
	}
	return nil
}

// draftName is a new name next to the path name, for what will take its place.
func draftName(name string) string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	end := ".fleet-" + hex.EncodeToString(b[:])
	base := path.Base(name)
	if most := maxName - len(end) - 1; len(base) > most {
		base = strings.ToValidUTF8(base[:most], "")
	}
	return path.Join(path.Dir(name), "."+base+end)
}

// folds tells whether upper and lower case are one at the path p, which is not
// touched for that: a name with letters is looked up with their case changed.
func folds(p string) bool {
	p, err := filepath.Abs(p)
	if err != nil {
		return false
	}
	for ; filepath.Dir(p) != p; p = filepath.Dir(p) {
		is, err := os.Lstat(p)
		if err != nil {
			continue
		}
		other := strings.Map(swapCase, filepath.Base(p))
		if other == filepath.Base(p) {
			continue
		}
		as, err := os.Lstat(filepath.Join(filepath.Dir(p), other))
		return err == nil && os.SameFile(is, as)
	}
	return false
}

func swapCase(r rune) rune {
	if unicode.IsUpper(r) {
		return unicode.ToLower(r)
	}
	return unicode.ToUpper(r)
}

// fold is the same for two names that are one where case does not count.
func fold(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// isLink, isRegular are kinds of what is in the way.
func isRegular(m fs.FileMode) bool { return m.IsRegular() }
func isLink(m fs.FileMode) bool    { return m&fs.ModeSymlink != 0 }
