//go:build !race

package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestConfirm runs scripts against the sshd of OpenSSH.
func TestConfirm(t *testing.T) {
	marked := scriptsWith(t, func(line string) bool { return line == "# confirm" })
	estate := newEstate(t, 3)
	testscript.Run(t, params(t, testscript.Params{Files: marked}, estate.lab))
}

const raceDetector = false
