package transfer

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// do carries out the ops that set attributes path by path: a change of the owner
// takes setuid bits away, so it comes before a change of the mode.
func (f *sftpSystem) do(ctx context.Context, ops []op) error {
	var all []error
	var mu sync.Mutex // guards all
	err := each(ctx, together(ops), func(ctx context.Context, ops []op) error {
		for len(ops) > 0 {
			n := 1
			if len(ops) > 1 && ops[0].what == chmod && ops[1].what == chtimes {
				n = 2
			}
			if err := f.change(ctx, ops[0], ops[:n]); err != nil {
				mu.Lock()
				all = append(all, err)
				mu.Unlock()
			}
			ops = ops[n:]
		}
		return context.Cause(ctx)
	})
	if len(all) > 0 {
		return errors.Join(all...)
	}
	return err
}

// together puts the ops that set attributes of one path into one row; others are a
// row of their own.
func together(ops []op) [][]op {
	rows := make([][]op, 0, len(ops))
	at := make(map[string]int)
	for _, o := range ops {
		if o.what < chmod {
			rows = append(rows, []op{o})
		} else if i, ok := at[o.path]; ok {
			rows[i] = append(rows[i], o)
		} else {
			at[o.path] = len(rows)
			rows = append(rows, []op{o})
		}
	}
	order := map[opKind]int{chown: 1, chmod: 2, chtimes: 3}
	for _, row := range rows {
		slices.SortStableFunc(row, func(a, b op) int { return cmp.Compare(order[a.what], order[b.what]) })
	}
	return rows
}

// change carries out o, and with it the second of two that fit into one request.
func (f *sftpSystem) change(ctx context.Context, o op, both []op) error {
	say := func(op string, makes bool, err error) error { return f.explain(ctx, op, o.path, makes, err) }
	switch o.what {
	case mkdir:
		return say("make folder", true, f.mkdir(ctx, o))
	case remove:
		return say("remove", false, f.status(ctx, newRequest(sftpRemove).text(o.path)))
	case rmdir:
		return say("remove folder", false, f.status(ctx, newRequest(sftpRmdir).text(o.path)))
	case rename:
		return f.explain(ctx, "rename to", o.to, false, f.rename(ctx, o.path, o.to))
	case symlink:
		// OpenSSH has the two names the other way round than section 6.10, and
		// others do as it does (its PROTOCOL, section 4.1).
		return say("make link", true, f.status(ctx, newRequest(sftpSymlink).text(o.to).text(o.path)))
	case hardlink:
		if _, ok := f.extensions["hardlink@openssh.com"]; !ok {
			return failed("link to", o.to, errors.ErrUnsupported)
		}
		return f.explain(ctx, "link to", o.to, true, f.status(ctx, extended("hardlink@openssh.com").text(o.path).text(o.to)))
	case chmod:
		flags, a := uint32(attrMode), attributes{mode: o.mode}
		if len(both) > 1 {
			flags |= attrTime
			a.mtime = mtimeOf(both[1].time)
		}
		return say("set mode of", false, f.setattr(ctx, o.path, flags, a))
	case chtimes:
		return say("set time of", false, f.setattr(ctx, o.path, attrTime, attributes{mtime: mtimeOf(o.time)}))
	case chown:
		if o.uid < 0 && o.gid < 0 {
			return nil
		}
		a, err := f.owners(ctx, o)
		if err == nil {
			err = f.setattr(ctx, o.path, attrOwner, a)
		}
		return say("set owner of", false, err)
	}
	return failed("change", o.path, errors.ErrUnsupported)
}

// mkdir asks for the mode twice: the umask of the host takes bits away.
func (f *sftpSystem) mkdir(ctx context.Context, o op) error {
	a := attributes{mode: o.mode}
	if err := f.status(ctx, newRequest(sftpMkdir).text(o.path).attrs(attrMode, a)); err != nil {
		return err
	}
	if o.mode&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky|0o022) == 0 {
		return nil // no usual umask takes anything of that
	}
	return f.setattr(ctx, o.path, attrMode, a)
}

// rename replaces the target in one step by OpenSSH's extension (its PROTOCOL,
// section 4.3). A server without it has a rename that fails where the target is
// there: then that is put aside for the moment.
func (f *sftpSystem) rename(ctx context.Context, from, to string) error {
	if _, ok := f.extensions["posix-rename@openssh.com"]; ok {
		return f.status(ctx, extended("posix-rename@openssh.com").text(from).text(to))
	}
	err := f.plainRename(ctx, from, to)
	if err == nil || !errors.Is(err, errFailure) {
		return err
	}
	if a, lerr := f.attributesOf(ctx, sftpLstat, to); lerr != nil || a.kind == aFolder {
		return err
	}
	return f.swap(ctx, from, to)
}

func (f *sftpSystem) plainRename(ctx context.Context, from, to string) error {
	return f.status(ctx, newRequest(sftpRename).text(from).text(to))
}

// swap is a rename in three steps. Whoever stops meanwhile gets either what was there
// or what is new, not a name with nothing behind it.
func (f *sftpSystem) swap(ctx context.Context, from, to string) error {
	ctx, cancel := afterwards(ctx, cleanTime)
	defer cancel()
	aside := path.Join(path.Dir(to), fmt.Sprintf(".fleet-%s", strings.ToLower(rand.Text()[:12])))
	if err := f.plainRename(ctx, to, aside); err != nil {
		return err
	}
	if err := f.plainRename(ctx, from, to); err != nil {
		if back := f.plainRename(ctx, aside, to); back != nil {
			return fmt.Errorf("%w; what was there is %q now", err, aside)
		}
		return err
	}
	// The new file is in its place, so that this fails makes no failure of it.
	_ = f.status(ctx, newRequest(sftpRemove).text(aside))
	return nil
}

// afterwards is a context that goes on for a time after ctx has ended.
func afterwards(ctx context.Context, more time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { // ends with longer
		defer close(ended)
		late := time.NewTimer(more)
		defer late.Stop()
		select {
		case <-late.C:
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() {
		cancel()
		if !stop() {
			<-ended
		}
	}
}
