//go:build !unix

package main

import "errors"

// canDetach says why a process cannot leave its terminal here.
func canDetach() error {
	return errors.New("a run cannot go on in the background on this system, which has no sessions that a process could leave")
}

func leaveTerminal() error { return canDetach() }
