package transfer

import (
	"errors"
	"fmt"
	"strings"
)

// Bounds of a walk, for hosts that make folders up.
const (
	pathMax    = 32 << 10 // bytes of a path; no system that matters takes more than 4096
	depthMax   = 1000     // folders in folders
	entriesMax = 2_000_000
	bytesMax   = 256 << 20 // of all paths and of where links lead: what is kept of each entry
	unreadMax  = 20        // errors about folders
)

// counted bounds how often visit is called, and how much it is told.
func counted(limit, most int, visit func(info) error) func(info) error {
	n, size := 0, 0
	return func(i info) error {
		if n++; n > limit {
			return fmt.Errorf("it holds more than %d files and folders, which is as many as fleet takes at one time", limit)
		}
		if size += len(i.path) + len(i.link); size > most {
			return fmt.Errorf("the paths in it alone are more than %d MiB, which is as much as fleet takes at one time", most>>20)
		}
		return visit(i)
	}
}

// unreadFolders are the errors about folders that could not be read: the first, and
// how many more there are.
type unreadFolders struct {
	errs []error
	more int
}

func (u *unreadFolders) add(err error) {
	if len(u.errs) < unreadMax {
		u.errs = append(u.errs, err)
	} else {
		u.more++
	}
}

func (u *unreadFolders) err() error {
	if u.more > 0 {
		return errors.Join(append(u.errs, fmt.Errorf("and %d more folders cannot be read", u.more))...)
	}
	return errors.Join(u.errs...)
}

// checkName refuses what no folder can hold.
func checkName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return fmt.Errorf("the host tells of %q: %w", name, errBadName)
	}
	return nil
}
