package transfer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"
)

const (
	// maxName is how many bytes a name may have on all common file systems.
	maxName = 255
	// resumeSize is from where on what is left of a file is worth to be looked at, in
	// bytes.
	resumeSize = 1 << 20
	// abandoned is how long nobody has written to a file that is taken over.
	abandoned = time.Minute
	// stale is the age of what is removed.
	stale = 24 * time.Hour
	// maxEntries bounds how much of a folder is looked through for what is left of
	// other times.
	maxEntries = 5000
	// holes bounds how far before its end a file may lack pieces: servers, and several
	// sessions, write many at a time.
	holes = 32 << 20
)

// A tempName is ".NAME.fleet-TAG-RANDOM": TAG says which content it is to have, so
// that a later transfer of the same content can go on with it.
type tempName struct{ prefix, tag string }

func newTempName(name string, src *Source) (tempName, error) {
	tag, err := src.tag()
	if err != nil {
		return tempName{}, err
	}
	const more = len(".") + len(".fleet-") + 8 + len("-") + 8
	return tempName{prefix: "." + cutName(name, maxName-more) + ".fleet-", tag: tag}, nil
}

func (n tempName) random() string {
	var p [4]byte
	_, _ = rand.Read(p[:]) // never fails
	return n.prefix + n.tag + "-" + hex.EncodeToString(p[:])
}

// matches reports whether name is one of this target's, and of which content.
func (n tempName) matches(name string) (tag string, ok bool) {
	rest, ok := strings.CutPrefix(name, n.prefix)
	tag, end, found := strings.Cut(rest, "-")
	return tag, ok && found && isHex(tag) && isHex(end)
}

func isHex(s string) bool {
	p, err := hex.DecodeString(s)
	return err == nil && len(p) == 4
}

// cutName cuts a name to most bytes, and no character in two.
func cutName(name string, most int) string {
	if len(name) <= most {
		return name
	}
	if utf8.ValidString(name) {
		for !utf8.RuneStart(name[most]) {
			most--
		}
	}
	return name[:most]
}

// tag tells contents apart, without reading all of them: what is found by it is
// compared in full.
func (s *Source) tag() (string, error) {
	h := sha256.New()
	_ = binary.Write(h, binary.BigEndian, s.size)
	const part = 64 << 10
	p := make([]byte, min(part, s.size))
	for _, at := range []int64{0, s.size / 2, s.size - int64(len(p))} {
		p = p[:min(int64(len(p)), s.size-at)]
		if s.file == nil {
			copy(p, s.content[at:])
		} else if n, err := s.file.ReadAt(p, at); n < len(p) {
			return "", s.readError(err)
		}
		_, _ = h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil)[:4]), nil
}

// open makes the temporary file. A large one takes over what an earlier transfer of the
// same content has left.
func (p *putting) open(ctx context.Context) (err error) {
	folder, name := cutPath(p.path)
	if p.names, err = newTempName(name, p.src); err != nil {
		return err
	}
	var found []string
	err = p.again(ctx, func() error {
		if p.temp != "" { // the first try may have made it
			_ = p.r.sys.do(ctx, []op{{what: remove, path: p.temp}})
		}
		temp := joinPath(folder, p.names.random())
		all, ctx := errgroup.WithContext(ctx)
		all.Go(func() error { return p.r.sys.create(ctx, temp) })
		if p.src.size >= resumeSize {
			all.Go(func() (err error) {
				found, err = p.leftovers(ctx, folder, temp)
				return err
			})
		}
		p.temp = temp // also where it may not be there
		return all.Wait()
	})
	if err != nil {
		return p.folderError(ctx, err)
	}
	return p.takeOver(ctx, folder, found)
}

// sweep removes what old transfers of a small file have left, while it travels. That it
// cannot is no failure.
func (p *putting) sweep(ctx context.Context) {
	if p.src.size >= resumeSize {
		return
	}
	folder, _ := cutPath(p.path)
	if found, err := p.leftovers(ctx, folder, p.temp); err == nil {
		_ = p.takeOver(ctx, folder, found)
	}
}

// takeOver looks at what is left of earlier transfers to the target: names in folder.
func (p *putting) takeOver(ctx context.Context, folder string, found []string) error {
	if len(found) == 0 {
		return nil
	}
	mine, err := p.r.sys.lstat(ctx, p.temp)
	if err != nil {
		return err
	}
	in, err := p.r.sys.stat(ctx, folder)
	if err != nil {
		return err
	}
	// Where others may write, it may be a second name for another file.
	private := (in.uid == mine.uid || in.uid == 0) && in.mode&0o022 == 0
	for _, name := range found {
		path := joinPath(folder, name)
		is, err := p.r.sys.lstat(ctx, path)
		if err != nil || is.kind != aFile || is.uid != mine.uid || is.mode != 0o600 {
			continue
		}
		tag, _ := p.names.matches(name)
		age, own := mine.mtime.Sub(is.mtime), p.src.hasLeft(p.leftName(path))
		switch {
		case private && (age > abandoned || own) && tag == p.names.tag && !p.resumed && is.size >= resumeSize && is.size <= p.src.size:
			// Whoever renames it first has it; nobody else finds it any more.
			if p.r.sys.do(ctx, []op{{what: rename, path: path, to: p.temp}}) != nil {
				continue
			}
			p.resumed = true
			if err := p.resume(ctx, is.size); err != nil {
				return err
			}
		case age > stale || own:
			_ = p.r.sys.do(ctx, []op{{what: remove, path: path}}) // the next transfer tries again
		}
	}
	return nil
}

// leftName is what the source remembers a temporary file by.
func (p *putting) leftName(path string) string { return p.r.host.Target.Label() + ":" + path }

// leave remembers that a transfer of the source, which has ended, left a file that is
// for the next one, whatever its age.
func (s *Source) leave(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == nil {
		s.left = map[string]bool{}
	}
	s.left[name] = true
}

func (s *Source) hasLeft(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left[name]
}

// leftovers are the names in folder that temporary files of the target have, but for
// temp. Who is denied to look finds none.
func (p *putting) leftovers(ctx context.Context, folder, temp string) (found []string, err error) {
	keep := func(name string) {
		if _, ok := p.names.matches(name); ok && joinPath(folder, name) != temp && len(found) < 100 {
			found = append(found, name)
		}
	}
	if p.r.sftp {
		enough, seen := errors.New("enough"), 0
		err = p.r.sys.walk(ctx, folder, func(is info) error {
			if seen++; seen > maxEntries {
				return enough
			}
			keep(is.path)
			if is.kind == aFolder {
				return fs.SkipDir
			}
			return nil
		})
	} else {
		out := &bounded{max: 1 << 20}
		const script = `cd -- "$1" && for f in "$2"*; do printf '%s\0' "$f"; done`
		_, _, err = p.r.run(ctx, script, []string{operand(folder), p.names.prefix}, nil, out)
		for name := range strings.SplitSeq(out.String(), "\x00") {
			keep(name)
		}
	}
	if err != nil && !linkLost(ctx, err) && context.Cause(ctx) == nil {
		err = nil
	}
	return found, err
}

// resume goes on where an earlier transfer ended, if what it left is the beginning of
// the source. If it is not, all of it is written anew, over what is there.
func (p *putting) resume(ctx context.Context, size int64) error {
	if !p.r.commands {
		return nil // to take the sum would be to read all back
	}
	if p.r.sftp {
		size = (size - min(holes, size/2)) >> 20 << 20
		const script = `dd if=/dev/null of="$1" bs=1048576 seek="$2" 2>/dev/null`
		status, _, err := p.r.run(ctx, script, []string{operand(p.temp), fmt.Sprint(size >> 20)}, nil, nil)
		if err != nil || !status.OK() {
			return err
		}
	}
	want, err := p.src.sumOf(ctx, size)
	if err != nil {
		return err
	}
	sums, err := p.r.sums(ctx, []string{p.temp})
	if err != nil {
		return err
	}
	if sums[p.temp] == want {
		p.feed.begin(size)
	}
	return nil
}
