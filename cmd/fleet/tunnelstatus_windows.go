package main

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/windows"
)

// ownFolder says why a folder is not safe for sockets. Those of a user's
// temporary files are for that user alone.
func ownFolder(_ string, info fs.FileInfo) error {
	if !info.IsDir() {
		return errors.New("it is not a folder")
	}
	return nil
}

// refused reports whether nobody listens on a socket any more.
func refused(err error) bool { return errors.Is(err, windows.WSAECONNREFUSED) }
