package transfer

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// streamMax is up to which size files travel in one stream with others, in bytes.
// Larger ones go by themselves, over as many sessions as the link asks for.
const streamMax = 32 << 20

// unpackScript needs what every tar knows: -p keeps modes, and -o has files belong to
// who unpacks them. What a broken stream leaves goes away without anybody's help. With a
// tool $2 what is unpacked is all there will be, and settled at once.
const unpackScript = `
unset TAR_OPTIONS
COPYFILE_DISABLE=1 # else macOS takes files named ._x for something else
export COPYFILE_DISABLE
umask 077
cd "$1" || exit
tar -xpof - || { s=$?; cd / && rm -rf "$1"; exit $s; }
[ -n "$2" ] || exit 0
` + settleScript

// unpack gathers by one stream, whatever the number of files.
func (s *syncing) unpack(ctx context.Context, loads []load) error {
	r, w := io.Pipe()
	packed := make(chan error, 1)
	go func() { // ends with the stream, or when the reader is closed
		buffer := bufio.NewWriterSize(w, 256<<10)
		err := s.pack(ctx, loads, buffer)
		if err == nil {
			err = buffer.Flush()
		}
		_ = w.CloseWithError(err) // never fails
		packed <- err
	}()
	large, paths, tool := larger(loads, streamMax), s.files(loads), ""
	if len(large) == 0 && len(paths) > 0 && len(s.ownership(loads)) == 0 {
		tool = s.settleTool(loads)
	}
	sums := s.roomForSums(paths)
	status, said, err := s.r.run(ctx, unpackScript, []string{s.stage, tool}, r, sums)
	_ = r.CloseWithError(errUnread) // never fails
	local := <-packed
	switch {
	case local != nil && !errors.Is(local, errUnread):
		return local
	case err != nil:
		return err
	case !status.OK():
		return unpackError(s.stage, said)
	case local != nil:
		return fmt.Errorf("unpack in %q: tar on the host did not read all of it", s.stage)
	}
	if tool != "" {
		s.onDisk = toldSums(sums.String(), s.stage)
	}
	if len(large) == 0 {
		return nil
	}
	if err := s.sendLarge(ctx, large); err != nil {
		return err
	}
	return s.r.sys.do(ctx, s.attributes(large))
}

var errUnread = errors.New("the host reads no more")

// unpackError is what tar said, as far as it is known what that means.
func unpackError(stage, said string) error {
	first, _, _ := strings.Cut(said, "\n")
	if why := knownText(said); why != nil {
		return fmt.Errorf("unpack in %q: %w", stage, why)
	}
	return fmt.Errorf("unpack in %q: %s", stage, first)
}

// pack writes all but the large files into one archive. Its form is that which all
// implementations of tar read, with names of any length and any bytes.
func (s *syncing) pack(ctx context.Context, loads []load, w io.Writer) error {
	archive := tar.NewWriter(w)
	files, buffer := opener{t: s.tree}, make([]byte, 64<<10)
	defer files.close()
	for i := range loads {
		if l := &loads[i]; l.kind != aFile || l.size <= streamMax {
			if err := s.packOne(ctx, archive, l, &files, buffer); err != nil {
				return err
			}
		}
	}
	return archive.Close()
}

func (s *syncing) packOne(ctx context.Context, archive *tar.Writer, l *load, files *opener, buffer []byte) error {
	h := &tar.Header{Format: tar.FormatGNU, Name: l.at, Mode: int64(s.stagedMode(l)), ModTime: l.mtime}
	switch l.kind {
	case aFolder:
		h.Typeflag, h.Name = tar.TypeDir, l.at+"/"
		return archive.WriteHeader(h)
	case aLink:
		h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, l.link, 0o777
		return archive.WriteHeader(h)
	}
	h.Typeflag, h.Size = tar.TypeReg, l.size
	f, err := files.open(&l.info)
	if err != nil {
		return err
	}
	defer f.Close() // it is read only
	if err := archive.WriteHeader(h); err != nil {
		return err
	}
	n, err := io.CopyBuffer(archive, &metered{ctx: ctx, r: io.LimitReader(f, l.size), s: s}, buffer)
	switch {
	case err != nil:
		return err
	case n != l.size:
		return s.tree.unreadable(l.path, errChanged)
	}
	s.o.Meter.done(1, 0)
	s.moved(1, 0)
	return nil
}

// A metered reader keeps to the limit of the rate, and counts.
type metered struct {
	ctx context.Context
	r   io.Reader
	s   *syncing
}

func (m *metered) Read(b []byte) (int, error) {
	if m.ctx.Err() != nil {
		return 0, context.Cause(m.ctx)
	}
	n, err := m.r.Read(b[:m.s.o.Limit.piece(len(b))])
	if n == 0 {
		return 0, err
	}
	if err := m.s.o.Limit.wait(m.ctx, n); err != nil {
		return 0, err
	}
	m.s.o.Meter.done(0, int64(n))
	m.s.moved(0, int64(n))
	return n, err
}
