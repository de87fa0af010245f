package main

import (
	"errors"
	"io"
	"syscall"
)

// closedPipe reports whether err says that nobody reads our output any more.
func closedPipe(err error) bool {
	const noData = syscall.Errno(232) // ERROR_NO_DATA
	return errors.Is(err, syscall.ERROR_BROKEN_PIPE) || errors.Is(err, noData) || errors.Is(err, io.ErrClosedPipe)
}
