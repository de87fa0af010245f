package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Registry is where labs are listed for this account: fleet/labs in the XDG
// state folder. It is empty, which is none, where there is no home.
func Registry(lookup func(name string) (string, bool)) string {
	if state, ok := lookup("XDG_STATE_HOME"); ok && filepath.IsAbs(state) {
		return filepath.Join(state, "fleet", "labs")
	}
	if home, ok := lookup("HOME"); ok && filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "fleet", "labs")
	}
	return ""
}

// Dirs are the folders of the labs in the registry, the oldest first: those
// that run, and those that ended without cleaning up.
func Dirs(registry string) ([]string, error) {
	entries, err := os.ReadDir(registry)
	if errors.Is(err, fs.ErrNotExist) || registry == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	started := make(map[string]time.Time)
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(registry, e.Name()))
		if err != nil {
			continue // it ended just now
		}
		dir := strings.TrimSuffix(string(b), "\n")
		if i, err := readInfo(dir); err == nil {
			started[dir] = i.Started
		} else if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(filepath.Join(registry, e.Name())) // removed by hand, or by a reboot
		}
	}
	dirs := make([]string, 0, len(started))
	for dir := range started {
		dirs = append(dirs, dir)
	}
	slices.SortFunc(dirs, func(a, b string) int {
		if c := started[a].Compare(started[b]); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return dirs, nil
}

func register(registry, dir string) error {
	if registry == "" {
		return nil
	}
	if err := os.MkdirAll(registry, 0o700); err != nil {
		return err
	}
	return os.WriteFile(entry(registry, dir), []byte(dir+"\n"), 0o600)
}

func unregister(registry, dir string) error {
	if registry == "" {
		return nil
	}
	err := os.Remove(entry(registry, dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func entry(registry, dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(registry, hex.EncodeToString(sum[:8]))
}
