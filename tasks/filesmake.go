package tasks

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"fleet/inventory"
)

// copy makes the action of a copy step.
func (m *maker) copy(x *stepExprs) Action {
	a := &Copy{}
	if e := x.attrs["copy.content"]; e != nil {
		a.Content, a.Name = m.content(e), "content"
	} else if source, ok := m.localPath(x.attrs["copy.source"]); ok && m.hasSource(x, source, false) {
		a.Source = source.absolute()
		m.host.exprs.sources.add(Source{Path: source.name()})
	}
	m.takePlace(x, a)
	if a.Name != "" && strings.HasSuffix(a.Destination, "/") {
		m.fail(x.attrs["copy.destination"], "Invalid value", "copy.destination ends with a /, so it is a folder, and a text has no name to get in it. Add the name.")
	}
	return a
}

// content is a text that was given, which may be empty.
func (m *maker) content(e *expr) []byte {
	v, ok := m.value(e, cty.String)
	if !ok {
		return nil
	}
	if v, _ = v.Unmark(); v.IsNull() {
		m.fail(e, "Invalid value", "%s is null. An empty file is made from an empty text: \"\".", e.name)
		return nil
	}
	return []byte(m.exact(e, v.AsString()))
}

// takePlace makes where a file goes, and how it takes its place there.
func (m *maker) takePlace(x *stepExprs, a *Copy) {
	a.Destination = m.remotePath(x.attrs[x.Kind+".destination"])
	a.Attributes = m.attributes(x)
	a.Backup, a.Follow = x.late.backup, x.late.follow
	e := x.attrs[x.Kind+".validate"]
	text, ok := m.shownText(e)
	if ok && !strings.Contains(text, "%s") {
		m.fail(e, "Invalid value", "%s has no %%s. There stands the path of the new file, which is to be looked at before it takes its place.", e.name)
	}
	a.Validate = text
}

// fetch makes the action of a fetch step.
func (m *maker) fetch(x *stepExprs) Action {
	a := &fetching{Fetch: Fetch{Source: m.remotePath(x.attrs["fetch.source"]), Exclude: m.patterns(x.attrs["fetch.exclude"])}}
	if e := x.attrs["fetch.source"]; strings.Contains(a.Source, "*") {
		m.warn(e, "Pattern not expanded", "%s is %q, and no shell reads it: the * is a part of the name. To take some files of a folder, fetch the folder, and leave out the others by exclude.", e.name, a.Source)
	}
	a.at = x.attrs["fetch.destination"]
	a.Destination, _ = m.shownRequired(a.at)
	return a
}

// A fetching is a Fetch of which is not said yet which machine it is from.
type fetching struct {
	Fetch
	at *expr // of the destination
}

// from is the action for the machine with that name.
func (m *maker) from(a *fetching, name string) *Fetch {
	out := a.Fetch
	if out.Destination == "" || out.Source == "" {
		return &out // known later, or said to be wrong
	}
	if name == "." || name == ".." {
		m.fail(a.at, "Invalid value", "The host %q cannot have a file or folder of its name.", name)
		return &out
	}
	place := localPath{text: strings.ReplaceAll(out.Destination, "{host}", name), folder: a.at.folder()}
	out.Destination = place.absolute()
	if place.endsWithSlash() && !strings.HasSuffix(out.Source, "/") {
		base := path.Base(out.Source)
		if base == "~" || base == "." || base == ".." {
			m.fail(a.at, "Invalid value", "fetch.destination ends with a /, so it is a folder, and %q has no name to keep in it. Add the name.", out.Source)
		}
		out.Destination = filepath.Join(out.Destination, base)
	}
	return &out
}

// sync makes the action of a sync step.
func (m *maker) sync(x *stepExprs) Action {
	a := &Sync{
		Destination: m.remotePath(x.attrs["sync.destination"]),
		Attributes:  m.attributes(x),
		Delete:      x.late.deletes,
		Exclude:     m.patterns(x.attrs["sync.exclude"]),
	}
	if source, ok := m.localPath(x.attrs["sync.source"]); ok && m.hasSource(x, source, true) {
		a.Source = source.absolute()
		if source.endsWithSlash() && !os.IsPathSeparator(a.Source[len(a.Source)-1]) {
			a.Source += string(filepath.Separator)
		}
		m.host.exprs.sources.add(Source{Path: source.name(), Folder: true, Exclude: a.Exclude})
	}
	return a
}

// remotePath is a path on a host. No shell reads it.
func (m *maker) remotePath(e *expr) string {
	text, ok := m.shownRequired(e)
	switch {
	case !ok:
	case strings.HasPrefix(text, "~") && text != "~" && !strings.HasPrefix(text, "~/"):
		m.fail(e, "Invalid value", "%s is %q, and a ~ with a name is not known. ~/ is the home of the login user; write other paths from / on.", e.name, text)
	case strings.HasPrefix(text, "$"):
		m.fail(e, "Invalid value", "%s is %q, and no shell reads it. ~/ is the home of the login user; write other paths from / on.", e.name, text)
	default:
		return text
	}
	return ""
}

// attributes are how a file is to be on the host.
func (m *maker) attributes(x *stepExprs) Attributes {
	var out Attributes
	e := x.attrs[x.Kind+".mode"]
	if text, ok := m.shownText(e); ok {
		if out.Mode, out.HasMode = parseMode(text); !out.HasMode {
			m.fail(e, "Invalid value", "%s is %q, and has to be three or four octal digits, as for chmod: \"0644\".", e.name, text)
		}
	}
	for name, into := range map[string]*string{"owner": &out.Owner, "group": &out.Group} {
		e := x.attrs[x.Kind+"."+name]
		text, ok := m.shownText(e)
		if !ok {
			continue
		}
		if owner, group, both := strings.Cut(text, ":"); both && name == "owner" {
			m.fail(e, "Invalid value", "%s is %q, which is two names. Write owner = %q and group = %q.", e.name, text, owner, group)
		} else if !isAccount(text) {
			m.fail(e, "Invalid value", "%s is %q, which is no name or number of a %s.", e.name, text, map[string]string{"owner": "user", "group": "group"}[name])
		}
		*into = text
	}
	return out
}

// isAccount reports whether s can name a user or group. Those of a directory service
// have spaces in them.
func isAccount(s string) bool {
	bare := strings.ReplaceAll(s, " ", "_")
	return inventory.ValidUser(strings.ReplaceAll(bare, `\`, "_")) && !strings.ContainsAny(s, ":/,") && strings.TrimSpace(s) == s
}

// parseMode reads permissions as chmod does: three or four octal digits.
func parseMode(text string) (fs.FileMode, bool) {
	bits, err := strconv.ParseUint(text, 8, 32)
	if err != nil || len(text) < 3 || len(text) > 4 || strings.Trim(text, "01234567") != "" {
		return 0, false
	}
	mode := fs.FileMode(bits & 0o777)
	for bit, flag := range map[uint64]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if bits&bit != 0 {
			mode |= flag
		}
	}
	return mode, true
}

// patterns are lines of a gitignore.
func (m *maker) patterns(e *expr) (out []string) {
	if e == nil {
		return nil
	}
	m.shown(e, func(m *maker) bool {
		v, ok := m.value(e, cty.DynamicPseudoType)
		if !ok {
			return false
		}
		v, _ = v.UnmarkDeep()
		switch ty := v.Type(); {
		case v.IsNull():
			return true
		case ty == cty.String:
			v = cty.TupleVal([]cty.Value{v})
		case !ty.IsListType() && !ty.IsTupleType() && !ty.IsSetType():
			m.fail(e, "Invalid value", "%s must be a list of texts, as in a .gitignore.", e.name)
			return false
		}
		for it := v.ElementIterator(); it.Next(); {
			_, element := it.Element()
			text, err := convert.Convert(element, cty.String)
			switch {
			case err != nil || text.IsKnown() && text.IsNull():
				m.fail(e, "Invalid value", "%s must be a list of texts, as in a .gitignore.", e.name)
				return false
			case !m.isKnown(e, text):
				return false
			case strings.ContainsAny(text.AsString(), "\x00\n"):
				m.fail(e, "Invalid value", "%s has a line end in one of its patterns. Each pattern is a text of its own.", e.name)
				return false
			}
			out = append(out, text.AsString())
		}
		if check := m.host.plan.exclude; check != nil {
			if err := check(out); err != nil {
				m.fail(e, "Invalid value", "%s: %s. Patterns are those of a .gitignore.", e.name, err)
			}
		}
		return true
	})
	return out
}

// shownText is text for what is shown; shownRequired is required for it.
func (m *maker) shownText(e *expr) (text string, ok bool) {
	if e == nil {
		return "", false
	}
	ok = m.shown(e, func(m *maker) (ok bool) {
		text, ok = m.text(e)
		return ok
	})
	return text, ok
}

func (m *maker) shownRequired(e *expr) (text string, ok bool) {
	if e == nil {
		return "", false // said when it was decoded
	}
	ok = m.shown(e, func(m *maker) (ok bool) {
		text, ok = m.required(e)
		return ok
	})
	return text, ok
}
