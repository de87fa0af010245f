//go:build !unix

package credential

import "io/fs"

// isPrivate is always true where a mode says nothing about who may read.
func isPrivate(fs.FileInfo) bool { return true }
