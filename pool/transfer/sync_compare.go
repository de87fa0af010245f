package transfer

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A comparison is a tree and what a host has at its destination; a plan is made of
// it. It does no I/O.
type comparison struct {
	want []info           // the entries of a Tree
	have map[string]info  // by path within the destination, whose root, if it is there, is ""
	same func(i int) bool // file i of want has the content of the file there, which is as long
	// keepRoot: the root on the host is the user's own folder and stays as it is, but
	// for an owner that was asked for.
	keepRoot bool
	mode     fs.FileMode // of files, where hasMode
	hasMode  bool
	uid, gid int // -1 where none was asked for
	delete   bool
	exclude  exclusions
}

// A plan is what makes a destination what a tree is. Paths are within it.
type plan struct {
	units     []unit
	adjust    []op     // in place
	remove    []info   // what is in a folder comes before the folder
	folders   []int    // those of want whose times are set when all else is done
	changes   []Change // in the order of paths
	files     int      // how many of the changes are files with new content
	unchanged int      // files and links
	notes     []string
}

// A unit is staged as one and takes its place by one rename: a file, a link, or a
// new folder with all that is in it.
type unit struct {
	from, to int  // entries [from, to) of the tree
	old      info // what is in its place; kind 0: nothing
	aside    bool // a rename cannot replace what is there: it is moved away before
}

// candidates are the files of want whose contents have to be compared.
func candidates(want []info, have map[string]info) []int {
	var of []int
	for i, w := range want {
		if h := have[w.path]; w.kind == aFile && h.kind == aFile && h.size == w.size {
			of = append(of, i)
		}
	}
	return of
}

// plan compares. An error is about what the user has to decide.
func (c *comparison) plan() (*plan, error) {
	p := new(plan)
	touched := make(map[string]bool) // folders in which something comes or goes
	wanted := make(map[string]bool, len(c.want))
	gone := make(map[string]bool) // folders that go as a whole
	for i := 0; i < len(c.want); {
		w, h := c.want[i], c.have[c.want[i].path]
		wanted[w.path] = true
		if c.right(i, h) {
			c.settle(p, i, h)
			i++
			continue
		}
		u := unit{from: i, to: subtree(c.want, i), old: h, aside: h.kind == aFolder || h.kind != 0 && w.kind == aFolder}
		if h.kind == aFolder {
			if err := c.mayGo(h, w); err != nil {
				return nil, err
			}
			gone[h.path] = true
		}
		for ; i < u.to; i++ {
			wanted[c.want[i].path] = true
			p.new(c.want[i], i, u)
		}
		p.units = append(p.units, u)
		touched[folderOf(w.path)] = true
	}
	if c.delete {
		c.clean(p, wanted, gone, touched)
	}
	for i, w := range c.want {
		kept := w.path == "" && c.keepRoot
		if w.kind == aFolder && touched[w.path] && c.have[w.path].kind == aFolder && !kept {
			p.folders = append(p.folders, i)
		}
	}
	slices.Sort(p.folders)
	slices.SortFunc(p.changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return p, nil
}

// right reports whether entry i has what it should: a folder stays, whatever is in
// it.
func (c *comparison) right(i int, h info) bool {
	w := c.want[i]
	if w.kind != h.kind {
		return false
	}
	switch w.kind {
	case aFile:
		return w.size == h.size && c.same(i)
	case aLink:
		return w.link == h.link
	}
	return true
}

// new notes entry i of unit u, that is not there yet or not as it should be.
func (p *plan) new(w info, i int, u unit) {
	what := Created
	if i == u.from && u.old.kind != 0 {
		what = Replaced
		if u.old.kind == w.kind {
			what = Updated
		}
	}
	p.changes = append(p.changes, Change{Path: w.path, What: what})
	switch w.kind {
	case aFile:
		p.files++
	case aFolder:
		p.folders = append(p.folders, i)
	}
}

// settle brings the attributes of entry i to what they should be, its content
// being right.
func (c *comparison) settle(p *plan, i int, h info) {
	w := c.want[i]
	ops := c.attributes(w, h)
	if len(ops) > 0 {
		p.adjust = append(p.adjust, ops...)
		p.changes = append(p.changes, Change{Path: w.path, What: Adjusted})
	} else if w.kind != aFolder {
		p.unchanged++
	}
}

// attributes are the operations that give h what w asks for.
func (c *comparison) attributes(w, h info) []op {
	if w.kind == aLink {
		return nil // nobody looks at those of a link
	}
	var ops []op
	owner := op{what: chown, path: w.path, uid: -1, gid: -1}
	if c.uid >= 0 && c.uid != h.uid {
		owner.uid = c.uid
	}
	if c.gid >= 0 && c.gid != h.gid {
		owner.gid = c.gid
	}
	chowns := owner.uid >= 0 || owner.gid >= 0
	if chowns {
		ops = append(ops, owner)
	}
	if w.path == "" && c.keepRoot {
		return ops
	}
	// A new owner takes setuid and setgid bits away.
	if mode := c.modeOf(w, h); mode != h.mode || chowns && mode&special != 0 {
		ops = append(ops, op{what: chmod, path: w.path, mode: mode})
	}
	// The time of a folder tells of what is in it, which others may change.
	if w.kind == aFile && !w.mtime.Equal(h.mtime) {
		ops = append(ops, op{what: chtimes, path: w.path, time: w.mtime})
	}
	return ops
}

// modeOf is the mode that w is to have. A folder keeps its setgid and sticky bits,
// which say what the host does with what is in it.
func (c *comparison) modeOf(w, h info) fs.FileMode {
	switch {
	case w.kind == aFolder:
		return w.mode | h.mode&special
	case c.hasMode:
		return c.mode
	}
	return w.mode
}

// mayGo refuses to replace a folder that holds something, unless that is what was
// asked for.
func (c *comparison) mayGo(h, w info) error {
	for _, inside := range sortedPaths(c.have) {
		if !strings.HasPrefix(inside, h.path+"/") && h.path != "" || inside == h.path {
			continue
		}
		is := c.have[inside]
		switch {
		case !c.delete:
			return fmt.Errorf("%q is a folder on the host and holds %q, and a %s in the source; hint: it is replaced where deleting is asked for",
				h.path, inside, w.kind)
		case c.exclude.covers(inside, is.kind == aFolder):
			return fmt.Errorf("%q is a folder on the host and a %s in the source, and holds %q, which is left out of the transfer; hint: move that away",
				h.path, w.kind, inside)
		}
	}
	return nil
}

// clean plans to remove what is not wanted. What exclusions name stays, and so do
// the folders that it is in.
func (c *comparison) clean(p *plan, wanted, gone, touched map[string]bool) {
	stay := make(map[string]bool)
	paths := sortedPaths(c.have)
	slices.Reverse(paths) // so that a folder comes after what is in it
	for _, at := range paths {
		h := c.have[at]
		switch {
		case inAny(at, gone):
		case wanted[at]:
		case c.exclude.covers(at, h.kind == aFolder):
			for up := folderOf(at); up != "" && !stay[up]; up = folderOf(up) {
				stay[up] = true
			}
		case stay[at]:
			p.notes = append(p.notes, fmt.Sprintf("%q is not in the source, and stays for what is in it and left out of the transfer", at))
		default:
			p.remove = append(p.remove, h)
			p.changes = append(p.changes, Change{Path: at, What: Deleted})
			touched[folderOf(at)] = true
		}
	}
}

// subtree is the end of what belongs to entry i: it and all that is below it.
func subtree(entries []info, i int) int {
	if entries[i].kind != aFolder {
		return i + 1
	}
	if entries[i].path == "" {
		return len(entries)
	}
	end := i + 1
	for end < len(entries) && strings.HasPrefix(entries[end].path, entries[i].path+"/") {
		end++
	}
	return end
}

// inAny reports whether path is one of folders, or in one of them.
func inAny(path string, folders map[string]bool) bool {
	if len(folders) == 0 {
		return false
	}
	for ; path != ""; path = folderOf(path) {
		if folders[path] {
			return true
		}
	}
	return false
}

// folderOf is the path of the folder that what is at path is in.
func folderOf(at string) string {
	if folder := path.Dir(at); folder != "." {
		return folder
	}
	return ""
}

func sortedPaths(have map[string]info) []string {
	paths := make([]string, 0, len(have))
	for at := range have {
		paths = append(paths, at)
	}
	slices.Sort(paths)
	return paths
}
