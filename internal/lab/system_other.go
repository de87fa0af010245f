//go:build !unix

package lab

import (
	"errors"
	"os"
	"os/exec"
)

var errUnsupported = errors.New("a lab needs /bin/sh, which this system does not have (hint: run it on Linux, macOS or FreeBSD)")

// Everything begins with a look at the options, so nothing else is reached.
func supported(Options) error { return errUnsupported }

func takeLock(string) (*os.File, error)        { return nil, errUnsupported }
func holder(*os.File) (int, error)             { return 0, errUnsupported }
func reserve(string, int) (int, func(), error) { return 0, nil, errUnsupported }
func detach(*exec.Cmd)                         {}
func terminate(int) error                      { return errUnsupported }
func kill(int) error                           { return errUnsupported }
