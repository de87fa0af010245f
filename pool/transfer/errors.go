package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"fleet/transport"
)

var (
	errClosed   = errors.New("the files of the host are closed")
	errFull     = errors.New("no space is left on the device (hint: df -P shows the space, df -i the number of files)")
	errReadOnly = fmt.Errorf("the file system is read-only: %w", fs.ErrPermission)
	errNotEmpty = errors.New("the folder is not empty")
	errBusy     = errors.New("it is in use, as a mount point is")
	errIsDir    = errors.New("it is a folder")
	errBadValue = errors.New("the host's file system does not take such a name or value")
	errNotDir   = errors.New("it is not a folder")
	errLoop     = errors.New("its symbolic links lead in a circle")
	errLongName = errors.New("the name is too long for the file system of the host")
	errQuota    = errors.New("the user's quota on the host is used up")
	errBadName  = errors.New("no folder can have such an entry")
	errNoReason = errors.New("the server gives no reason")
)

// failed says what could not be done to path on the host.
func failed(op, path string, why error) error {
	var e *transport.Error
	if errors.As(why, &e) || errors.Is(why, context.Canceled) || errors.Is(why, context.DeadlineExceeded) {
		return why // it is not about the path
	}
	return fmt.Errorf("%s %q: %w", op, path, why)
}

// lost is the error for a conversation that ended by err.
func lost(host string, err error) error {
	var e *transport.Error
	if errors.As(err, &e) {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the sftp server ended")
	}
	return &transport.Error{Op: "sftp", Host: host, Kind: transport.KindLost, Err: err, Sent: true}
}
