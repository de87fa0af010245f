package transfer

import (
	"context"
	"errors"
	"syscall"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

const (
	// manyRequests is how many files are asked for at once where requests share a
	// session, fewRequests where each is a command.
	manyRequests = 64
	fewRequests  = 4
	// A batch is what is verified with one command, and put in place after it.
	batchFiles = 2048
	batchBytes = 256 << 20
	// flying bounds the content that is asked for at once, over all files of a host.
	flying = 16 << 20
	// flushEach is up to how many files are put on disk one by one.
	flushEach = 32
	// tries is how often a file is read that changes meanwhile.
	tries = 3
)

// A job is one file to fetch. It belongs to one goroutine at a time.
type job struct {
	*entry
	draft *draft // what has arrived of it, nil before anything has
	sum   Sum    // of the draft, once it is finished
	ready bool   // the draft is finished
	old   bool   // a file of the same size is in its place
	probe bool   // read it, though it has no size
	live  bool   // one of those without a size that have content, as in /proc
	got   int64  // how long the draft is
	done  bool   // nothing is left to do, in the good case or the bad
}

// files fetches the files, batch by batch.
func (f *fetch) files(ctx context.Context) {
	var batch []*job
	bytes := int64(0)
	for _, e := range f.entries {
		if e.kind != aFile || f.lost(e.local) {
			continue
		}
		if len(batch) == batchFiles || len(batch) > 0 && bytes+e.size > batchBytes {
			if !f.batch(ctx, batch) {
				return
			}
			batch, bytes = nil, 0
		}
		batch, bytes = append(batch, &job{entry: e}), bytes+e.size
	}
	f.batch(ctx, batch)
}

// batch fetches files, and tells whether it makes sense to go on. After a lost link
// it goes on once, on a new one, where it was.
func (f *fetch) batch(ctx context.Context, jobs []*job) bool {
	if len(jobs) == 0 {
		return true
	}
	err := f.attempt(ctx, jobs)
	if unreachable(err) && ctx.Err() == nil && !f.reopened {
		f.reopened = true
		if again := f.reopen(ctx); again == nil {
			err = f.attempt(ctx, jobs)
		}
	}
	for _, j := range jobs {
		if !j.done {
			f.drop(j)
		}
	}
	if err != nil && ctx.Err() == nil {
		f.fail("", err)
	}
	return err == nil && ctx.Err() == nil
}

// attempt goes once through what is left of a batch. Its error is one that ends the
// whole; what is wrong with one file is noted.
func (f *fetch) attempt(ctx context.Context, jobs []*job) error {
	group, inGroup := errgroup.WithContext(ctx)
	left := f.newFirst(jobs)
	sums := f.askSums(inGroup, group, jobs)
	workers, inGroup := errgroup.WithContext(inGroup)
	workers.SetLimit(f.requests())
	room := semaphore.NewWeighted(flying)
	for _, j := range left {
		weight := min(j.size, flying/4) + 1
		if room.Acquire(inGroup, weight) != nil {
			break
		}
		workers.Go(func() error {
			defer room.Release(weight)
			return f.settle(j, f.obtain(inGroup, j, sums))
		})
	}
	group.Go(workers.Wait)
	if err := group.Wait(); err != nil {
		return err
	}
	return f.place(ctx, jobs, sums)
}

// newFirst is what is left of a batch, with the files in front for which nobody
// has to wait for a sum.
func (f *fetch) newFirst(jobs []*job) []*job {
	var first, later []*job
	for _, j := range jobs {
		is, err := f.into.lstat(j.local)
		j.old = err == nil && is.Mode().IsRegular() && is.Size() == j.size
		switch {
		case j.done || j.ready:
		case j.old:
			later = append(later, j)
		default:
			first = append(first, j)
		}
	}
	return append(first, later...)
}

// hostSums are the sums of files on the host, once they are there.
type hostSums struct {
	come chan struct{}
	of   map[string]Sum
}

// askSums has the host take the sums of a batch while its files travel. Where it
// would have to send them for that there are none.
func (f *fetch) askSums(ctx context.Context, group *errgroup.Group, jobs []*job) *hostSums {
	s := &hostSums{come: make(chan struct{})}
	var paths []string
	for _, j := range jobs {
		if !j.done && (f.remote.commands || f.o.DryRun && j.old) {
			paths = append(paths, j.remote)
		}
	}
	if len(paths) == 0 {
		close(s.come)
		return s
	}
	group.Go(func() (err error) {
		s.of, err = f.sums(ctx, paths)
		if err == nil {
			close(s.come)
		}
		return err
	})
	return s
}

func (s *hostSums) sum(ctx context.Context, path string) (sum Sum, told bool, err error) {
	select {
	case <-s.come:
		sum, told = s.of[path]
		return sum, told, nil
	case <-ctx.Done():
		return sum, false, context.Cause(ctx)
	}
}

// obtain brings the content of a file here, unless it is here.
func (f *fetch) obtain(ctx context.Context, j *job, sums *hostSums) error {
	if j.old {
		host, told, err := sums.sum(ctx, j.remote)
		if err != nil {
			return err
		}
		if told {
			if here, err := f.into.sumOf(ctx, j.local); err == nil && here == host {
				return f.keep(j)
			}
		}
	}
	if f.o.DryRun {
		return f.wouldChange(ctx, j)
	}
	return f.receive(ctx, j)
}

// requests is how many files may be under way.
func (f *fetch) requests() int {
	if f.remote.sftp {
		return manyRequests
	}
	return fewRequests
}

// fatal tells whether an error is not about one file alone.
func fatal(err error) bool {
	for _, e := range []error{context.Canceled, context.DeadlineExceeded, syscall.ENOSPC, syscall.EROFS} {
		if errors.Is(err, e) {
			return true
		}
	}
	return unreachable(err)
}

// settle notes what is wrong with a file, and returns what ends the attempt.
func (f *fetch) settle(j *job, err error) error {
	if err == nil {
		return nil
	}
	if fatal(err) {
		return err
	}
	f.drop(j)
	f.fail(j.local, err)
	return nil
}

// drop gives a file up.
func (f *fetch) drop(j *job) {
	j.done = true
	if err := f.discard(j); err != nil {
		f.note("%v", err)
	}
}

// discard removes what has arrived of a file.
func (f *fetch) discard(j *job) error {
	if j.draft == nil {
		return nil
	}
	whole, inVain := j.draft.resume()
	f.o.Meter.done(0, -whole-inVain)
	if j.size == 0 {
		f.bytes.Add(-j.draft.arrivedBytes())
	}
	err := j.draft.discard()
	j.draft = nil
	return err
}
