//go:build !unix

package main

import (
	"errors"
	"os"
)

// canDetach says why a process cannot leave its terminal here.
func canDetach() error {
	return errors.New("nothing can go on in the background on this system, which has no sessions of terminals")
}

func lockFile(*os.File) error { return canDetach() }

func leaveTerminal() error { return canDetach() }
