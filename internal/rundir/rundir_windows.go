package rundir

import "io/fs"

// A user's temporary files are for that user alone.
func ownFolder(string, fs.FileInfo) error { return nil }

func checkAbove(string) error { return nil }
