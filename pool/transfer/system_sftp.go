package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// An sftpSystem is the files of a host over one sftp session.
type sftpSystem struct {
	*session
	// flushAll puts everything on disk that is in the file systems of these folders;
	// nil where the host runs no commands.
	flushAll func(ctx context.Context, folders []string) error
}

var _ system = (*sftpSystem)(nil)

func (f *sftpSystem) lstat(ctx context.Context, path string) (info, error) {
	return f.look(ctx, sftpLstat, path)
}

func (f *sftpSystem) stat(ctx context.Context, path string) (info, error) {
	return f.look(ctx, sftpStat, path)
}

func (f *sftpSystem) look(ctx context.Context, kind byte, path string) (info, error) {
	a, err := f.attributesOf(ctx, kind, path)
	if errors.Is(err, errFailure) {
		err = cmp.Or(knownText(err.Error()), err)
	}
	if err != nil {
		return info{}, failed("look at", path, err)
	}
	i := a.info(path)
	if i.kind == aLink {
		if i.link, err = f.readlink(ctx, path); err != nil {
			return info{}, failed("read link", path, err)
		}
	}
	return i, nil
}

func (f *sftpSystem) attributesOf(ctx context.Context, kind byte, path string) (attributes, error) {
	a, err := f.ask(ctx, newRequest(kind).text(path))
	if err != nil {
		return attributes{}, err
	}
	if a.kind != sftpAttrs {
		return attributes{}, a.refusal()
	}
	attrs := a.attributes()
	return attrs, a.err
}

// refusal is status where an answer of another kind was due.
func (a *answer) refusal() error {
	if err := a.status(); err != nil {
		return err
	}
	return errors.New("the sftp server says that it is done, and gives no answer")
}

func (f *sftpSystem) readlink(ctx context.Context, path string) (string, error) {
	return f.name(ctx, newRequest(sftpReadlink).text(path))
}

// realpath makes path absolute.
func (f *sftpSystem) realpath(ctx context.Context, path string) (string, error) {
	return f.name(ctx, newRequest(sftpRealpath).text(path))
}

// name asks for a name.
func (f *sftpSystem) name(ctx context.Context, r *request) (string, error) {
	a, err := f.ask(ctx, r)
	if err != nil {
		return "", err
	}
	return a.name()
}

func (a *answer) name() (string, error) {
	if a.kind != sftpName {
		return "", a.refusal()
	}
	if n := a.u32(); n != 1 {
		return "", fmt.Errorf("the sftp server answers with %d names in place of one", n)
	}
	name := a.text()
	return name, a.err
}

// open returns a handle for path.
func (f *sftpSystem) open(ctx context.Context, r *request) (string, error) {
	a, err := f.ask(ctx, r)
	if err != nil {
		return "", err
	}
	if a.kind != sftpHandle {
		return "", a.refusal()
	}
	handle := a.text()
	return handle, a.err
}

// leave closes a handle whose last words do not matter.
func (f *sftpSystem) leave(ctx context.Context, handle string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unsentWait)
	defer cancel()
	if c, err := f.begin(ctx, newRequest(sftpClose).text(handle), nil); err == nil {
		f.forget(c)
	}
}

// status asks for something that has no answer but whether it was done.
func (f *sftpSystem) status(ctx context.Context, r *request) error {
	a, err := f.ask(ctx, r)
	if err != nil {
		return err
	}
	return a.status()
}

// create gives the mode twice: not every server heeds it in sftpOpen, and OpenSSH's
// makes the file with it, so that nobody can open it in between.
func (f *sftpSystem) create(ctx context.Context, path string) error {
	private := attributes{mode: 0o600}
	handle, err := f.open(ctx, newRequest(sftpOpen).text(path).u32(openWrite|openCreat|openExcl).attrs(attrMode, private))
	if err != nil {
		return f.explain(ctx, "create", path, true, err)
	}
	mode, err := f.begin(ctx, newRequest(sftpFsetstat).text(handle).attrs(attrMode, private), nil)
	if err != nil {
		return failed("create", path, err)
	}
	end, err := f.begin(ctx, newRequest(sftpClose).text(handle), nil)
	if err != nil {
		return failed("create", path, err)
	}
	for _, c := range []*call{mode, end} {
		a, err := f.wait(ctx, c)
		if err == nil {
			err = a.status()
		}
		if err != nil {
			return f.explain(ctx, "create", path, false, err)
		}
	}
	return nil
}

// manyFiles is how many it takes until one flush of a file system is cheaper than one
// of each file: those cost a turn of the disk each.
const manyFiles = 16

// flush puts files on disk by OpenSSH's extension (its PROTOCOL, section 4.6). Its
// server opens folders as well, which makes their entries last; one that does not is
// a host that cannot.
func (f *sftpSystem) flush(ctx context.Context, paths []string) error {
	files, folders := withFolders(paths)
	if len(files) > manyFiles && f.flushAll != nil && f.flushAll(ctx, folders) == nil {
		return nil
	}
	if _, ok := f.extensions["fsync@openssh.com"]; !ok {
		return context.Cause(ctx)
	}
	err := each(ctx, files, func(ctx context.Context, path string) error {
		return f.explain(ctx, "flush", path, false, f.sync(ctx, path))
	})
	if err != nil {
		return err
	}
	return each(ctx, folders, func(ctx context.Context, path string) error {
		_ = f.sync(ctx, path)
		return context.Cause(ctx)
	})
}

func (f *sftpSystem) sync(ctx context.Context, path string) error {
	handle, err := f.open(ctx, newRequest(sftpOpen).text(path).u32(openRead).u32(0))
	if err != nil {
		return err
	}
	defer f.leave(ctx, handle)
	return f.status(ctx, extended("fsync@openssh.com").text(handle))
}

// mtimeOf is t as version 3 can say it: seconds of 32 bits.
func mtimeOf(t time.Time) time.Time {
	return time.Unix(max(0, min(t.Unix(), 1<<32-1)), 0)
}

// setattr carries out one change of attributes, not through a link where the server
// can tell the two apart: OpenSSH's from 8.0 on, but for modes, which not every
// kernel can.
func (f *sftpSystem) setattr(ctx context.Context, path string, flags uint32, a attributes) error {
	if _, ok := f.extensions["lsetstat@openssh.com"]; ok && flags&attrMode == 0 {
		return f.status(ctx, extended("lsetstat@openssh.com").text(path).attrs(flags, a))
	}
	return f.status(ctx, newRequest(sftpSetstat).text(path).attrs(flags, a))
}

// owners fills in what op keeps: version 3 sets both.
func (f *sftpSystem) owners(ctx context.Context, o op) (attributes, error) {
	a := attributes{uid: o.uid, gid: o.gid}
	if a.uid >= 0 && a.gid >= 0 {
		return a, nil
	}
	now, err := f.attributesOf(ctx, sftpLstat, o.path)
	if err == nil && (now.uid < 0 || now.gid < 0) {
		err = fmt.Errorf("the server does not tell its owner: %w", fs.ErrInvalid)
	}
	if a.uid < 0 {
		a.uid = now.uid
	}
	if a.gid < 0 {
		a.gid = now.gid
	}
	return a, err
}
