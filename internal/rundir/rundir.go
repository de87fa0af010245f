package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// MaxPath is the most that all systems take for the path of a socket, in bytes.
const MaxPath = 103

// longest is the longest name that is put below the folder of the session.
const longest = len("/fleet/tunnels/1234567890-12345678.sock")

// Dir is the folder for sockets of this user: "fleet" in $XDG_RUNTIME_DIR, as
// lookup tells it, or "fleet-UID" among the temporary files where that is not set
// or too long for a socket. It is checked, and with makes it is made where there is
// none.
func Dir(lookup func(name string) string, makes bool) (string, error) {
	dir := lookup("XDG_RUNTIME_DIR")
	if filepath.IsAbs(dir) && len(dir)+longest <= MaxPath {
		dir = filepath.Join(dir, "fleet")
	} else {
		dir = filepath.Join(os.TempDir(), "fleet-"+strconv.Itoa(os.Getuid()))
	}
	return dir, Check(dir, makes)
}

// ErrNotOurs is that the folder belongs to another user, as after "su", which keeps
// the variable.
var ErrNotOurs = errors.New("it belongs to another user; hint: XDG_RUNTIME_DIR can name a folder of your own for such things")

// Check says why dir is not safe for sockets: others could reach them, or put
// theirs in place of them. With makes it is made where there is none.
func Check(dir string, makes bool) error {
	if makes {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() { // nor is a link to one
		return fmt.Errorf("%s: %w", dir, errors.New("it is not a folder"))
	}
	if err := ownFolder(dir, info); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return checkAbove(dir)
}
