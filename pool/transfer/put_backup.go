package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// maxBackup bounds a file that is kept by way of this machine, where the host has
// neither links nor commands; in bytes.
const maxBackup = 16 << 20

// backup keeps the old file under a name with the time, and returns its path.
func (p *putting) backup(ctx context.Context) (string, error) {
	if !p.o.Backup || p.old == nil {
		return "", nil
	}
	folder, name := cutPath(p.path)
	stamp := time.Now().UTC().Format(".20060102T150405Z")
	var err error
	for i := range 10 {
		end := stamp
		if i > 0 {
			end += "-" + strconv.Itoa(i)
		}
		path := joinPath(folder, cutName(name, maxName-len(end))+end)
		if err = p.keep(ctx, path); err == nil {
			return path, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return "", fmt.Errorf("keep the old file: %w", err)
}

// keep has the old file under path as well. A second name for it costs nothing and
// keeps all that belongs to it; where that is not to be had, a copy is made.
func (p *putting) keep(ctx context.Context, path string) error {
	err := p.r.sys.do(ctx, []op{{what: hardlink, path: p.path, to: path}})
	if err == nil || errors.Is(err, fs.ErrExist) || context.Cause(ctx) != nil || linkLost(ctx, err) {
		return err
	}
	if !p.r.commands {
		return p.copyBackup(ctx, path)
	}
	const script = `[ -e "$2" ] || [ -h "$2" ] && exit 3; cp -p -- "$1" "$2" || { rm -f -- "$2"; exit 1; }`
	status, stderr, err := p.r.run(ctx, script, []string{operand(p.path), operand(path)}, nil, nil)
	switch {
	case err != nil:
		return err
	case status.Code == 3:
		return fmt.Errorf("%q: %w", path, fs.ErrExist)
	case !status.OK():
		return fmt.Errorf("copy %q: %s", p.path, strings.TrimSpace(stderr))
	}
	return nil
}

// copyBackup copies the old file by way of this machine.
func (p *putting) copyBackup(ctx context.Context, path string) error {
	if p.old.size > maxBackup {
		return fmt.Errorf("%d bytes are too many to copy, and the host can neither link nor copy a file", p.old.size)
	}
	content, err := p.r.content(ctx, p.path, p.old.size)
	if err != nil {
		return err
	}
	if err := p.r.sys.create(ctx, path); err != nil {
		if !errors.Is(err, fs.ErrExist) {
			p.remove(ctx, path) // it may have been made
		}
		return err
	}
	err = p.r.send(ctx, NewSource(p.path, content, 0o600), path, &Options{Limit: p.o.Limit})
	if err == nil {
		err = p.r.sys.do(ctx, []op{{what: chmod, path: path, mode: p.old.mode}, {what: chtimes, path: path, time: p.old.mtime}})
	}
	if err != nil {
		p.remove(ctx, path)
	}
	return err
}

// content is what is in the file at path, whose size was looked up before.
func (r *Remote) content(ctx context.Context, path string, size int64) ([]byte, error) {
	p := sized(make([]byte, size))
	n, err := r.sys.read(ctx, path, 0, size, p)
	if err != nil {
		return nil, err
	}
	return p[:n], nil
}

// sized is memory to read into.
type sized []byte

func (s sized) WriteAt(p []byte, offset int64) (int, error) {
	if offset < 0 || offset > int64(len(s)) || len(p) > len(s)-int(offset) {
		return 0, errors.New("the host sends more than there is")
	}
	return copy(s[offset:], p), nil
}

// diff keeps the contents from before and after for the user. That the old one cannot
// be read is for the transfer itself to say, where it matters.
func (p *putting) diff(ctx context.Context) {
	p.report.Diffs = []Diff{p.compare(ctx)}
}

func (p *putting) compare(ctx context.Context) Diff {
	if p.o.Private {
		return omittedDiff(p.path, "private")
	}
	if p.src.size > maxDiff || p.old != nil && p.old.size > maxDiff {
		return omittedDiff(p.path, "too large")
	}
	var before []byte
	if p.old != nil {
		var err error
		if before, err = p.r.content(ctx, p.path, p.old.size); err != nil {
			return omittedDiff(p.path, "the old file cannot be read")
		}
	}
	after, err := p.src.all(ctx)
	if err != nil {
		return omittedDiff(p.path, "the local file cannot be read")
	}
	return newDiff(p.path, before, after, false)
}

// all is the whole content.
func (s *Source) all(ctx context.Context) ([]byte, error) {
	all := bytes.NewBuffer(make([]byte, 0, s.size))
	for at := int64(0); at < s.size; {
		p, release, err := s.block(ctx, at, blockSize)
		if err != nil {
			return nil, err
		}
		_, _ = all.Write(p)
		release()
		at += int64(len(p))
	}
	return all.Bytes(), nil
}
