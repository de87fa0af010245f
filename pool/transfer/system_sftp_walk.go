package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
)

const (
	foldersMax = 64  // read at one time
	aheadMax   = 32  // requests for one folder under way at one time
	linksMax   = 128 // and of those that ask where links lead
	emptyMax   = 10  // answers without an entry, one after the other: what is after them is the end
)

// walk reads many folders at once. One goroutine, the caller's, sees all entries: it
// calls visit and decides what is read next.
func (f *sftpSystem) walk(ctx context.Context, root string, visit func(info) error) error {
	visit = counted(entriesMax, bytesMax, visit)
	ctx, cancel := context.WithCancel(ctx)
	w := &walking{system: f, root: root, found: make(chan batch)}
	defer w.readers.Wait()
	defer cancel()
	waiting, open := []string{""}, 0
	var unread unreadFolders
	for len(waiting) > 0 || open > 0 {
		for len(waiting) > 0 && open < foldersMax {
			folder := waiting[len(waiting)-1]
			waiting = waiting[:len(waiting)-1]
			open++
			w.readers.Go(func() { w.list(ctx, folder) }) // ends with the folder, or ctx
		}
		var l batch
		select {
		case l = <-w.found:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if l.last {
			open--
		}
		if l.err != nil {
			if l.folder == "" || unreachable(l.err) || ctx.Err() != nil {
				return l.err
			}
			unread.add(l.err)
		}
		for _, i := range l.entries {
			switch err := visit(i); {
			case errors.Is(err, fs.SkipDir) && i.kind == aFolder:
			case err != nil:
				return err
			case i.kind == aFolder:
				waiting = append(waiting, i.path)
			}
		}
	}
	return unread.err()
}

// A walking is one walk.
type walking struct {
	system  *sftpSystem
	root    string
	found   chan batch
	readers sync.WaitGroup
}

// A batch is some entries of one folder.
type batch struct {
	folder  string
	entries []info
	last    bool
	err     error // with last
}

// list tells what is in one folder.
func (w *walking) list(ctx context.Context, folder string) {
	err := w.read(ctx, folder)
	if err != nil {
		err = failed("read folder", w.full(folder), err)
	}
	w.tell(ctx, batch{folder: folder, last: true, err: err})
}

func (w *walking) tell(ctx context.Context, l batch) {
	select {
	case w.found <- l:
	case <-ctx.Done():
	}
}

func (w *walking) full(name string) string { return path.Join(w.root, name) }

// read asks for the next entries before the last have come: more at a time, the
// larger the folder turns out to be.
func (w *walking) read(ctx context.Context, folder string) error {
	f := w.system
	handle, err := f.open(ctx, newRequest(sftpOpendir).text(w.full(folder)))
	if err != nil {
		return err
	}
	defer f.leave(ctx, handle)
	var calls []*call
	defer func() {
		for _, c := range calls {
			f.forget(c)
		}
	}()
	for ahead, empty := 2, 0; ; ahead = min(2*ahead, aheadMax) {
		for len(calls) < ahead {
			c, err := f.begin(ctx, newRequest(sftpReaddir).text(handle), nil)
			if err != nil {
				return err
			}
			calls = append(calls, c)
		}
		a, err := f.wait(ctx, calls[0])
		if err != nil {
			return err
		}
		calls = calls[1:]
		if a.kind != sftpName {
			if err := a.refusal(); !errors.Is(err, io.EOF) {
				return err
			}
			return nil
		}
		entries, err := w.entries(ctx, folder, &a)
		if err != nil {
			return err
		}
		if empty++; len(entries) > 0 {
			empty = 0
		}
		if empty > emptyMax {
			return nil
		}
		w.tell(ctx, batch{folder: folder, entries: entries})
	}
}

// entries reads one answer, and asks for what is not in it.
func (w *walking) entries(ctx context.Context, folder string, a *answer) ([]info, error) {
	entries, err := w.decode(folder, a)
	if err != nil {
		return nil, err
	}
	for i, e := range entries {
		if e.kind != 0 {
			continue
		}
		attrs, err := w.system.attributesOf(ctx, sftpLstat, w.full(e.path))
		if err != nil {
			return nil, err
		}
		entries[i] = attrs.info(e.path)
	}
	return w.withLinks(ctx, entries)
}

// decode reads one answer (section 7), which may have no entry at all. The kind of an
// entry is 0 where it does not tell it.
func (w *walking) decode(folder string, a *answer) ([]info, error) {
	n := a.u32()
	if uint64(n) > uint64(len(a.rest)/12) { // an entry has no less than three numbers
		return nil, fmt.Errorf("the sftp server tells of %d entries in %d bytes", n, len(a.rest))
	}
	entries := make([]info, 0, n)
	for range n {
		name := a.text()
		a.text() // the line that "ls -l" would print
		attrs := a.attributes()
		if a.err != nil {
			return nil, a.err
		}
		if name == "." || name == ".." {
			continue
		}
		if err := checkName(name); err != nil {
			return nil, err
		}
		if len(folder)+len(name) > pathMax || strings.Count(folder, "/") > depthMax {
			return nil, errors.New("folders in it are nested without an end")
		}
		i := attrs.info(path.Join(folder, name))
		i.kind = attrs.kind
		entries = append(entries, i)
	}
	return entries, nil
}

// withLinks fills in where links lead. One that has gone meanwhile is left out.
func (w *walking) withLinks(ctx context.Context, entries []info) ([]info, error) {
	var links []int
	for i, e := range entries {
		if e.kind == aLink {
			links = append(links, i)
		}
	}
	calls := make(map[int]*call)
	defer func() {
		for _, c := range calls {
			w.system.forget(c)
		}
	}()
	gone := make(map[int]bool)
	for n, next := 0, 0; n < len(links); n++ {
		for ; next < len(links) && next < n+linksMax; next++ {
			c, err := w.system.begin(ctx, newRequest(sftpReadlink).text(w.full(entries[links[next]].path)), nil)
			if err != nil {
				return nil, err
			}
			calls[links[next]] = c
		}
		e := &entries[links[n]]
		a, err := w.system.wait(ctx, calls[links[n]])
		delete(calls, links[n])
		if err == nil {
			e.link, err = a.name()
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			gone[links[n]] = true
		case err != nil:
			return nil, err
		case len(e.link) > pathMax:
			return nil, fmt.Errorf("the link %q leads to a path of %d bytes", e.path, len(e.link))
		}
	}
	if len(gone) == 0 {
		return entries, nil
	}
	kept := entries[:0]
	for i, e := range entries {
		if !gone[i] {
			kept = append(kept, e)
		}
	}
	return kept, nil
}
