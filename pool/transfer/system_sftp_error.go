package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
)

// Codes of sftpStatus (section 7).
const (
	statusOK          = 0
	statusEOF         = 1
	statusNoFile      = 2
	statusDenied      = 3
	statusFailure     = 4
	statusBadMessage  = 5
	statusUnsupported = 8
)

// errFailure stands for statusFailure: everything that version 3 has no code for.
var errFailure = errors.New("failure")

// status is what the server says in place of an answer; nil is statusOK, and io.EOF
// statusEOF.
func (a *answer) status() error {
	if a.kind != sftpStatus {
		return fmt.Errorf("the sftp server answers with packet %d, which does not fit", a.kind)
	}
	code, text := a.u32(), a.text()
	switch code {
	case statusOK:
		return nil
	case statusEOF:
		return io.EOF
	case statusNoFile:
		return fs.ErrNotExist
	case statusDenied:
		return fs.ErrPermission
	case statusBadMessage: // OpenSSH's for ENAMETOOLONG and EINVAL
		return errBadValue
	case statusUnsupported:
		return fmt.Errorf("the sftp server cannot do this: %w", errors.ErrUnsupported)
	}
	// A server of its own may say more than OpenSSH, which says "Failure".
	if len(text) > 200 {
		text = text[:200]
	}
	return serverError{text}
}

// A serverError is what a server says with statusFailure.
type serverError struct{ text string }

func (e serverError) Error() string {
	if e.text == "" || e.text == "Failure" {
		return errNoReason.Error()
	}
	return fmt.Sprintf("the server says %q", e.text)
}

func (e serverError) Is(target error) bool { return target == errFailure }

// explain finds out what a failure without a reason came from. Whether op makes path
// says whether that may have been there already.
func (f *sftpSystem) explain(ctx context.Context, op, name string, makes bool, why error) error {
	if why == nil {
		return nil
	}
	if !errors.Is(why, errFailure) {
		if errors.Is(why, fs.ErrPermission) && f.readOnly(ctx, path.Dir(name)) {
			why = errReadOnly
		}
		return failed(op, name, why)
	}
	if makes {
		if _, err := f.attributesOf(ctx, sftpLstat, name); err == nil {
			return failed(op, name, fs.ErrExist)
		}
	}
	if known := knownText(why.Error()); known != nil && op != "remove" { // of a folder it says anything
		return failed(op, name, known)
	}
	if space, err := f.space(ctx, path.Dir(name)); err == nil {
		switch {
		case space.readOnly:
			return failed(op, name, errReadOnly)
		case space.free == 0 || space.files == 0:
			return failed(op, name, errFull)
		}
	}
	if a, err := f.attributesOf(ctx, sftpLstat, name); err == nil && a.kind == aFolder {
		why = errIsDir
		if op == "remove folder" {
			why = f.unremovable(ctx, name)
		}
	}
	return failed(op, name, why)
}

// unremovable is why a folder cannot be removed.
func (f *sftpSystem) unremovable(ctx context.Context, name string) error {
	if err := f.walk(ctx, name, func(info) error { return errNotEmpty }); err == nil {
		return errBusy
	}
	return errNotEmpty
}

// A space is what is left of a file system.
type space struct {
	free, files uint64 // blocks and inodes for ordinary users; files is not 0 where there is no bound
	readOnly    bool
}

// space asks by OpenSSH's extension (its PROTOCOL, section 4.4).
func (f *sftpSystem) space(ctx context.Context, name string) (space, error) {
	if _, ok := f.extensions["statvfs@openssh.com"]; !ok {
		return space{}, errors.ErrUnsupported
	}
	a, err := f.ask(ctx, extended("statvfs@openssh.com").text(name))
	if err != nil {
		return space{}, err
	}
	if a.kind != sftpExtendedReply {
		return space{}, a.status()
	}
	var v [11]uint64
	for i := range v {
		v[i] = a.u64()
	}
	const inFiles, inFavail, inBavail, inFlag = 5, 7, 4, 9
	sp := space{free: v[inBavail], files: v[inFavail], readOnly: v[inFlag]&1 != 0}
	if v[inFiles] == 0 {
		sp.files = 1 // such as btrfs, which makes inodes as it needs them
	}
	return sp, a.err
}

func (f *sftpSystem) readOnly(ctx context.Context, name string) bool {
	sp, err := f.space(ctx, name)
	return err == nil && sp.readOnly
}
