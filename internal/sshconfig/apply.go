package sshconfig

import (
	"slices"
	"strings"
)

// apply keeps a value if it is the first, or if the keyword collects.
func (w *walk) apply(d *directive) {
	if len(d.values) == 0 { // a time of none, or nothing but a comment
		return
	}
	name := d.key.name
	s, found := w.set[name]
	if !found {
		s.at = d.at
	}
	switch d.key.kind {
	case kindAdd:
		if len(s.values) < maxListed && !slices.Contains(s.values, d.values[0]) {
			s.values = append(s.values[:len(s.values):len(s.values)], d.values[0])
		}
		w.set[name] = s
		return
	case kindSendEnv:
		s.values = sendEnv(s.values, d.values)
		w.set[name] = s
		return
	case kindProxyCommand:
		if w.competes("proxyjump") {
			return
		}
	case kindProxyJump:
		if _, taken := w.set["proxycommand"]; taken {
			return
		}
	case kindForwardAgent:
		if found {
			w.forwardSocket(d)
			return
		}
	}
	if !found {
		s.values = d.values
		w.set[name] = s
	}
}

// competes reports whether a proxy is set by that other keyword. A ProxyJump of
// none leaves ProxyCommand free.
func (w *walk) competes(name string) bool {
	_, found := w.set[name]
	return found && w.first(name) != "none"
}

// forwardSocket completes "ForwardAgent yes" by a socket that is named later,
// as in ssh.
func (w *walk) forwardSocket(d *directive) {
	v := d.values[0]
	if s := w.set["forwardagent"]; s.values[0] == "yes" && v != "yes" && v != "no" {
		s.values = d.values
		w.set["forwardagent"] = s
	}
}

// sendEnv adds names, and takes away those that match a "-pattern".
func sendEnv(names, args []string) []string {
	names = slices.Clone(names)
	for _, arg := range args {
		if pattern, ok := strings.CutPrefix(arg, "-"); ok {
			names = slices.DeleteFunc(names, func(name string) bool { return matchPattern(name, pattern) })
		} else {
			names = append(names, arg)
		}
	}
	return names
}
