//go:build !windows

package main

import (
	"errors"
	"syscall"
)

// refused reports whether nobody listens on a socket any more.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
