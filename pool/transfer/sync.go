package transfer

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Sync makes the folder on the host what t is. Only what differs travels: it is
// gathered in a folder of its own beside where it belongs, put on disk and verified
// there, and then takes its places, each by one rename; what is to be deleted goes
// last. Links within the destination are never followed. Where the link is lost, the
// host is reached anew, once. With an error, the Report tells what was done before it.
//
// Modes are those of the source, setuid, setgid and sticky bits too, and so are the
// times of files. The time of a folder is set when something in it has changed, and is
// not compared. A folder that is the Destination itself and was there before keeps its
// mode.
func (r *Remote) Sync(ctx context.Context, t *Tree, o *SyncOptions) (*Report, error) {
	s := &syncing{r: r, tree: t, o: o, report: &Report{Notes: slices.Clone(t.notes)}}
	err := s.once(ctx)
	if linkLost(ctx, err) && r.reopen(ctx) == nil {
		if err = s.discard(ctx); err == nil {
			s.takeBack()
			s.second = true
			err = s.once(ctx)
		}
	}
	if err != nil {
		s.takeBack()
		s.o.Meter.expect(-s.told.Files, -s.told.Bytes)
		s.o.Meter.done(-s.told.FilesDone, -s.told.BytesDone)
	}
	slices.SortStableFunc(s.report.Changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return s.report, err
}

// A syncing is one call of Sync.
type syncing struct {
	r      *Remote
	tree   *Tree
	o      *SyncOptions
	report *Report

	root     string // on the host: what the tree becomes
	folder   string // what root is in
	makes    bool   // folder is to be made
	keepRoot bool
	uid, gid int             // asked for; -1: not
	have     map[string]info // what is below root, by paths within it
	there    map[string]Sum  // of files on the host, by their paths in the tree
	guessing *guessing       // nil: nothing was asked
	taken    <-chan struct{} // closed when there are sums
	sums     []Sum           // of the tree
	sumsErr  error
	stage    string         // on the host; empty where there is none
	onDisk   map[string]Sum // of the stage, by paths on the host, when it is on disk; nil: it is not known to be
	leftover []string       // what transfers have left there that broke off
	back     []op           // what puts in its place again what was moved into the stage
	counted  bool           // there has been a plan
	second   bool           // the link was lost before
	made     []Change       // folders above the root
	first    *plan          // which was being carried out then; nil: nothing had taken its place
	sent     Progress       // what the meter was told has been sent
	told     Progress       // what it was told before
}

// takeBack tells the meter that what was sent was in vain.
func (s *syncing) takeBack() {
	s.o.Meter.done(-s.sent.FilesDone, -s.sent.BytesDone)
	s.sent = Progress{}
}

// once does all of it, and leaves nothing behind where the host can still be reached.
func (s *syncing) once(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	taken := make(chan struct{})
	defer func() { <-taken }()
	defer stop()
	// The files here are read while the host is asked.
	go func() {
		defer close(taken)
		s.sums, s.sumsErr = s.tree.fileSums(ctx)
	}()
	s.taken = taken
	s.guessing = nil
	defer s.unguess() // before ctx ends: to stop what is about to end takes longer
	if err := s.look(ctx); err != nil {
		stop()
		return err
	}
	if len(candidates(s.tree.entries, s.have)) > 0 {
		if err := s.localSums(); err != nil {
			return err
		}
	}
	p, err := s.compare()
	if err != nil {
		return err
	}
	if err := s.tell(ctx, p); err != nil || s.o.DryRun {
		return err
	}
	return s.carryOut(ctx, p)
}

// localSums waits for the sums of the tree.
func (s *syncing) localSums() error {
	<-s.taken
	return s.sumsErr
}

func (s *syncing) compare() (*plan, error) {
	want := s.tree.entries
	c := &comparison{
		want: want, have: s.have, keepRoot: s.keepRoot,
		mode: s.o.Mode, hasMode: s.o.HasMode, uid: s.uid, gid: s.gid,
		delete: s.o.Delete, exclude: s.tree.exclude,
		same: func(i int) bool {
			sum, ok := s.there[want[i].path]
			return ok && sum == s.sums[i]
		},
	}
	p, err := c.plan()
	if err != nil {
		return nil, fmt.Errorf("make %q what %q is: %w", s.root, s.tree.path, err)
	}
	return p, nil
}

// tell counts what the plan comes to, and gathers what is shown of it before it is
// carried out.
func (s *syncing) tell(ctx context.Context, p *plan) error {
	s.report.Path = s.root
	if !s.counted {
		s.counted = true
		s.report.Notes = append(s.report.Notes, p.notes...)
		s.report.Unchanged = p.unchanged
		s.count(p)
	}
	if s.first != nil {
		s.recount(p)
	} else if s.o.Diff {
		s.report.Diffs = nil
		if err := s.diffs(ctx, p); err != nil {
			return err
		}
	}
	if s.o.DryRun {
		if s.makes {
			s.changed(Change{Path: s.folder, What: Created})
		}
		s.changedAll(p.changes, func(What) bool { return true })
		s.report.Files = p.files
	}
	return nil
}

// count tells the meter of all files, and that those that stay as they are are done.
func (s *syncing) count(p *plan) {
	var files int
	var bytes int64
	for _, e := range s.tree.entries {
		if e.kind == aFile {
			files++
			bytes += e.size
		}
	}
	moves, move := s.moves(p)
	s.told = Progress{Files: files, Bytes: bytes, FilesDone: files - moves, BytesDone: bytes - move}
	s.o.Meter.expect(files, bytes)
	s.o.Meter.done(s.told.FilesDone, s.told.BytesDone)
}

// changed reports one change by its path on the host.
func (s *syncing) changed(c Change) {
	s.report.Total++
	if c.What == Deleted {
		s.report.Deleted++
	}
	if len(s.report.Changes) < MaxChanges {
		s.report.Changes = append(s.report.Changes, c)
	}
}

func (s *syncing) changedAll(changes []Change, which func(What) bool) {
	for _, c := range changes {
		if which(c.What) {
			s.changed(Change{Path: under(s.root, c.Path), What: c.What})
		}
	}
}
