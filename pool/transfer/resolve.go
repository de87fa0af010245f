package transfer

import (
	"errors"
	"path"
	"strings"
)

// resolve makes a path that a user wrote absolute: "~" is the home folder, and what
// is relative begins at Host.Dir. It keeps a "/" at the end.
func (r *Remote) resolve(name string) (string, error) {
	switch {
	case name == "":
		return "", errors.New("the path on the host is empty")
	case strings.Contains(name, "\x00"):
		return "", errors.New("a path on the host cannot hold a NUL byte")
	case path.IsAbs(name):
		return name, nil
	case name == "~":
		return r.facts.home, nil
	case strings.HasPrefix(name, "~/"):
		return startingAt(r.facts.home, name[2:]), nil
	}
	base := r.facts.login
	switch dir := r.host.Dir; {
	case dir == "":
	case path.IsAbs(dir):
		base = dir
	case dir == "~" || strings.HasPrefix(dir, "~/"):
		base = startingAt(r.facts.home, strings.TrimPrefix(dir[1:], "/"))
	default:
		base = startingAt(base, dir)
	}
	return startingAt(base, name), nil
}

// startingAt joins the two, and leaves ".." to the host: what is before it may be a link.
func startingAt(base, name string) string {
	for strings.HasPrefix(name, "./") {
		name = strings.TrimLeft(name[2:], "/")
	}
	if name == "" || name == "." {
		return base
	}
	return strings.TrimSuffix(base, "/") + "/" + name
}
