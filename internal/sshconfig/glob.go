package sshconfig

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// glob finds files as glob(3) does: sorted; a wildcard does not match a leading
// dot; [!a] is the same as [^a]; a pattern that cannot be read is a name.
func glob(pattern string) []string {
	paths, err := filepath.Glob(strings.ReplaceAll(pattern, "[!", "[^"))
	if err != nil {
		if _, err := os.Lstat(pattern); err != nil {
			return nil
		}
		return []string{pattern}
	}
	shown := paths[:0]
	for _, path := range paths {
		if !hidden(path, pattern) {
			shown = append(shown, path)
		}
	}
	return shown
}

// hidden reports whether a wildcard of the pattern has matched a leading dot.
func hidden(path, pattern string) bool {
	names := strings.Split(filepath.Clean(path), string(filepath.Separator))
	patterns := strings.Split(filepath.Clean(pattern), string(filepath.Separator))
	if len(names) != len(patterns) {
		return false
	}
	for i, name := range names {
		if strings.HasPrefix(name, ".") && !strings.HasPrefix(strings.TrimPrefix(patterns[i], `\`), ".") {
			return true
		}
	}
	return false
}

// quoteGlob makes a path match only itself.
func quoteGlob(path string) string {
	if runtime.GOOS == "windows" { // no escapes there, and none needed
		return path
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
