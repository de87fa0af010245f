package main

import (
	"errors"

	"golang.org/x/sys/windows"
)

// refused reports whether nobody listens on a socket any more.
func refused(err error) bool { return errors.Is(err, windows.WSAECONNREFUSED) }
