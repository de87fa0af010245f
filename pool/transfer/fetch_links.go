package transfer

import (
	"path"
	"path/filepath"
	"strings"
)

// links makes the symbolic links, last: nothing is written through one.
func (f *fetch) links() {
	for _, e := range f.entries {
		if e.kind != aLink || f.lost(e.local) {
			continue
		}
		if why := staysInside(e.inTree, e.link); why != "" {
			f.note("%s is left out: the link %s", e.remote, why)
			continue
		}
		f.makeLink(e)
	}
}

func (f *fetch) makeLink(e *entry) {
	if f.o.DryRun {
		what, _, err := f.into.inTheWay(e.local, isLink)
		if err == nil && what == Updated {
			if old, err := f.into.there().Readlink(native(e.local)); err == nil && old == e.link {
				what = ""
			}
		}
		f.told(e.local, what, err)
		return
	}
	what, err := f.into.link(e.local, e.link)
	f.told(e.local, what, err)
}

// told notes what came of a link.
func (f *fetch) told(name string, what What, err error) {
	switch {
	case err != nil:
		f.fail(name, err)
	case what == "":
		f.unchanged()
	default:
		f.changed(name, what, false)
	}
}

// staysInside tells why a link at the path name of a tree may lead out of it, or
// "" where it cannot. ".." is trusted at the beginning alone: there it leaves
// folders of the tree, whereas behind a name it would leave whatever that name, a
// link perhaps, leads to.
func staysInside(name, target string) string {
	if target == "" {
		return "leads nowhere"
	}
	if path.IsAbs(target) || filepath.IsAbs(target) || filepath.VolumeName(target) != "" {
		return "leads to an absolute path"
	}
	depth, begun := strings.Count(name, "/"), false
	for part := range strings.SplitSeq(filepath.ToSlash(target), "/") {
		switch {
		case part == "" || part == ".":
		case part != "..":
			begun = true
		case begun:
			return `leads through a name and back by ".."`
		default:
			depth--
		}
		if depth < 0 {
			return "leads out of what is fetched"
		}
	}
	return ""
}
