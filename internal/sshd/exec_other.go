//go:build !unix

package sshd

import "errors"

func startProcess(*session, string) (job, error) {
	return nil, errors.New("running commands is not supported on this system")
}
