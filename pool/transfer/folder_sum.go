package transfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"sync"
)

// A sumInOrder takes the sum of a file of which more and more is there. Its mutex
// is held while it reads what is in the system's memory anyway; whoever finds it
// taken leaves the work to the one who has it.
type sumInOrder struct {
	mu   sync.Mutex
	hash hash.Hash
	upTo int64
}

// whole takes the sum of a file that has come in one part.
func (s *sumInOrder) whole(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.upTo == 0 {
		_, _ = s.hash.Write(p) // never fails
		s.upTo = int64(len(p))
	}
}

// sumStep is how much content is worth a look at the sum: it is taken while the
// rest travels, by those who bring it.
const sumStep = 1 << 20

// add brings the sum up to the given byte, last without leaving it to others.
func (d *draft) add(upTo int64, last bool) error {
	if last {
		d.sum.mu.Lock()
	} else if !d.sum.mu.TryLock() {
		return nil
	}
	defer d.sum.mu.Unlock()
	n := upTo - d.sum.upTo
	if n <= 0 || n < sumStep && !last {
		return nil
	}
	got, err := io.CopyBuffer(d.sum.hash, onlyReader{io.NewSectionReader(d.file, d.sum.upTo, n)}, make([]byte, min(n, 64<<10)))
	d.sum.upTo += got
	if err == nil && got < n {
		err = io.ErrUnexpectedEOF
	}
	return err
}

type onlyReader struct{ io.Reader }

// sumOf is the SHA-256 of the file name, which is here.
func (f *Folder) sumOf(ctx context.Context, name string) (Sum, error) {
	file, err := f.there().Open(native(name))
	if err != nil {
		return Sum{}, err
	}
	h := sha256.New()
	_, err = io.CopyBuffer(h, onlyReader{untilDone{ctx, file}}, make([]byte, 64<<10))
	return Sum(h.Sum(nil)), errors.Join(err, file.Close())
}

// untilDone reads until the context ends.
type untilDone struct {
	context.Context
	io.Reader
}

func (r untilDone) Read(p []byte) (int, error) {
	if err := r.Err(); err != nil {
		return 0, context.Cause(r)
	}
	return r.Reader.Read(p)
}
