package transfer

import (
	"io/fs"
	"strings"
)

// knownText is the error that a text of a tool or server stands for, or nil. The
// texts are those of the C libraries.
func knownText(text string) error {
	for _, known := range [...]struct {
		words string
		err   error
	}{
		{"no such file", fs.ErrNotExist},
		{"directory nonexistent", fs.ErrNotExist}, // dash
		{"nonexistent directory", fs.ErrNotExist}, // busybox
		{"file exists", fs.ErrExist},
		{"permission denied", fs.ErrPermission},
		{"operation not permitted", fs.ErrPermission},
		{"read-only file system", errReadOnly},
		{"no space left on device", errFull},
		{"disk quota exceeded", errQuota},
		{"file too large", errQuota},
		{"directory not empty", errNotEmpty},
		{"resource busy", errBusy},
		{"not a directory", errNotDir},
		{"is a directory", errIsDir},
		{"file name too long", errLongName},
		{"filename too long", errLongName},
		{"too many levels of symbolic links", errLoop},
	} {
		if strings.Contains(strings.ToLower(text), known.words) {
			return known.err
		}
	}
	return nil
}
