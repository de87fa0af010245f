//go:build !unix

package main

import "errors"

// canDetach says why a process cannot leave its terminal here.
func canDetach() error {
	return errors.New("nothing can go on in the background on this system, which has no sessions of terminals")
}

func leaveTerminal() error { return canDetach() }
