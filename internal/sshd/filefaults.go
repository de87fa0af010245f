package sshd

import (
	"errors"
	"time"
)

// FileFaults are what goes wrong with files over sftp. The zero value is a
// healthy server. A session keeps those that were in force when it began.
type FileFaults struct {
	// NoSpaceAfter is the room on the disk: writes fail once so many bytes were
	// written by all sessions since the faults were put in force. As with OpenSSH,
	// the answer is "Failure" without a reason.
	NoSpaceAfter int64
	// DropWrites cuts the connection once so many bytes were written on it.
	DropWrites int64
	// DropReads cuts the connection once so many bytes were read on it.
	DropReads int64
	// Corrupt turns a bit in each write: what is on the disk is not what was sent.
	Corrupt bool
	// ShortReads gives half of what is asked for by each read, as servers may.
	ShortReads bool
	// SizeOff is added to each size that is told.
	SizeOff int64
	// NoExtensions announces no extension and refuses them all. A rename to a name
	// that is taken fails then, as version 3 of the protocol has it.
	NoExtensions bool
	// Delay is how long each request takes, one after the other.
	Delay time.Duration
}

func (f *FileFaults) check() error {
	if f.NoSpaceAfter < 0 || f.DropWrites < 0 || f.DropReads < 0 || f.Delay < 0 {
		return errors.New("sshd: a time or size among the faults of files is negative")
	}
	return nil
}
