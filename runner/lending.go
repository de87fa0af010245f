package runner

import (
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"fleet/pool/transfer"
)

// maxIdleSources is how many local files stay open that no host needs just now: in a
// rollout the hosts of the next batch will, and the sum of a file is known as long
// as it is open.
const maxIdleSources = 8

// A lending is local files and trees, each of which all hosts read together.
type lending struct {
	mu    sync.Mutex
	items map[string]*lent // the newest of each key; guarded by mu
	idle  []*lent          // without users, those that have been longest first; guarded by mu
}

// A lent is one of them.
type lent struct {
	key   string
	is    fs.FileInfo   // of a file; nil of a tree, of which nobody can say whether it is the same
	users int           // guarded by lending.mu
	ready chan struct{} // closed when what follows is set
	item  io.Closer
	err   error
}

func newLending() *lending { return &lending{items: map[string]*lent{}} }

// file lends the file at path. One that was replaced since it was opened is opened
// anew.
func (l *lending) file(path string) (src *transfer.Source, giveBack func(), err error) {
	is, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	one, err := l.lend("file "+path, is, func() (io.Closer, error) { return transfer.OpenSource(path) })
	if err != nil {
		return nil, nil, err
	}
	return one.item.(*transfer.Source), func() { l.giveBack(one) }, nil
}

// tree lends what is below the folder path.
func (l *lending) tree(path string, exclude []string) (tree *transfer.Tree, giveBack func(), err error) {
	key := "tree " + path + "\x00" + strings.Join(exclude, "\x00")
	one, err := l.lend(key, nil, func() (io.Closer, error) { return transfer.OpenTree(path, exclude) })
	if err != nil {
		return nil, nil, err
	}
	return one.item.(*transfer.Tree), func() { l.giveBack(one) }, nil
}

// lend is the item with the key, opened by the first who wants it.
func (l *lending) lend(key string, is fs.FileInfo, open func() (io.Closer, error)) (*lent, error) {
	l.mu.Lock()
	one := l.items[key]
	mine := one == nil || !one.same(is)
	if mine {
		one = &lent{key: key, is: is, ready: make(chan struct{})}
		l.items[key] = one
	} else {
		l.idle = slices.DeleteFunc(l.idle, func(other *lent) bool { return other == one })
	}
	one.users++
	l.mu.Unlock()
	if mine {
		one.item, one.err = open()
		close(one.ready)
	}
	<-one.ready
	if one.err != nil {
		l.giveBack(one)
		return nil, one.err
	}
	return one, nil
}

// same reports whether the item is what is there now.
func (o *lent) same(is fs.FileInfo) bool {
	return o.is == nil || os.SameFile(o.is, is) && o.is.Size() == is.Size() && o.is.ModTime().Equal(is.ModTime())
}

// giveBack ends the use of one by one host.
func (l *lending) giveBack(one *lent) {
	l.mu.Lock()
	var over []*lent
	if one.users--; one.users == 0 {
		if one.is != nil && one.err == nil && l.items[one.key] == one {
			l.idle = append(l.idle, one)
		} else {
			over = append(over, one)
		}
		if n := len(l.idle) - maxIdleSources; n > 0 {
			over, l.idle = append(over, l.idle[:n]...), slices.Clone(l.idle[n:])
		}
	}
	l.forget(over)
	l.mu.Unlock()
	end(over)
}

// forget takes items out of the list. mu is held.
func (l *lending) forget(list []*lent) {
	for _, one := range list {
		if l.items[one.key] == one {
			delete(l.items, one.key)
		}
	}
}

// close gives up what nobody uses.
func (l *lending) close() {
	l.mu.Lock()
	over := l.idle
	l.idle = nil
	l.forget(over)
	l.mu.Unlock()
	end(over)
}

func end(list []*lent) {
	for _, one := range list {
		if one.err == nil {
			_ = one.item.Close() // it was only read
		}
	}
}
