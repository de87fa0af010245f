package sshconfig

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Result is what a configuration means for one host. Keywords may be written
// in any case, and by their obsolete names. It is safe for concurrent use.
type Result struct {
	keywords map[string]*keyword
	set      map[string]setting
}

// Value returns the value of a keyword: the first one where there are several,
// the built-in one where nothing is set, and "" where there is none, or where
// the user has said "none" to a proxy, a remote command, identity files or
// RevokedHostKeys.
// Flags are "yes" or "no", times are seconds (ConnectTimeout may be "none"),
// IdentityAgent is a socket, "none" or "". Algorithm lists are as written; see
// [Algorithms].
func (r *Result) Value(keyword string) string {
	if values := r.lookup(keyword); len(values) > 0 {
		return values[0]
	}
	return ""
}

// Values returns all values of a keyword, in order.
func (r *Result) Values(keyword string) []string { return slices.Clone(r.lookup(keyword)) }

func (r *Result) lookup(name string) []string {
	k := r.keywords[strings.ToLower(name)]
	if k == nil {
		return nil
	}
	if s, ok := r.set[k.name]; ok {
		return s.values
	}
	if k.def != "" {
		return []string{k.def}
	}
	return nil
}

// Origin says where the first value of a keyword was set: "~/.ssh/config:12",
// "-o", "command line", or "" for a built-in value.
func (r *Result) Origin(keyword string) string {
	k := r.keywords[strings.ToLower(keyword)]
	if k == nil {
		return ""
	}
	return r.set[k.name].at.String()
}

// result fills in what is built in and expands what has tokens.
func (w *walk) result() (*Result, error) {
	if s, ok := w.set["refuseconnection"]; ok {
		return nil, s.at.at(fmt.Errorf("refuseconnection: %s", s.values[0]))
	}
	if w.first("connectionattempts") == "0" {
		return nil, w.set["connectionattempts"].at.at(errors.New("connectionattempts: it must be 1 or more"))
	}
	if s, ok := w.set["hostkeyalias"]; ok {
		s.values = []string{strings.ToLower(s.values[0])}
		w.set["hostkeyalias"] = s
	}
	w.updateHostKeys()
	w.settleNone()
	t, err := w.tokens()
	if err != nil {
		return nil, err
	}
	t.host = w.host
	if err := w.checkLoop(t); err != nil {
		return nil, err
	}
	w.builtin("user", t.user)
	w.fix("hostname", t.host)
	w.builtin("userknownhostsfile", "~/.ssh/known_hosts", "~/.ssh/known_hosts2")
	w.builtin("globalknownhostsfile", "/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
	w.builtin("identityfile", "~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ecdsa_sk",
		"~/.ssh/id_ed25519", "~/.ssh/id_ed25519_sk", "~/.ssh/id_dsa")
	if err := w.expandAll(t); err != nil {
		return nil, err
	}
	return &Result{keywords: w.config.keywords, set: w.set}, nil
}

// builtin sets a keyword that is not set, without an origin.
func (w *walk) builtin(name string, values ...string) {
	if _, ok := w.set[name]; !ok {
		w.set[name] = setting{values: values}
	}
}

// fix sets the value of a keyword and leaves its origin.
func (w *walk) fix(name, value string) {
	w.set[name] = setting{values: []string{value}, at: w.set[name].at}
}

// updateHostKeys fills in UpdateHostKeys, which is on unless the user has
// known_hosts files of their own or trusts the DNS.
func (w *walk) updateHostKeys() {
	v := "yes"
	if files, ok := w.set["userknownhostsfile"]; ok && !slices.Equal(files.values, []string{"~/.ssh/known_hosts"}) {
		v = "no"
	}
	switch strings.ToLower(w.first("verifyhostkeydns")) {
	case "yes", "true", "ask":
		v = "no"
	}
	w.builtin("updatehostkeys", v)
}

// settleNone empties what is "none". The origin stays.
func (w *walk) settleNone() {
	for _, name := range []string{"proxycommand", "proxyjump", "remotecommand", "revokedhostkeys"} {
		if s, ok := w.set[name]; ok && strings.EqualFold(s.values[0], "none") {
			s.values = nil
			w.set[name] = s
		}
	}
}

// checkLoop refuses a host that is its own last jump host, as ssh does.
func (w *walk) checkLoop(t *tokens) error {
	hops, err := ParseJump(w.first("proxyjump"))
	if err != nil || len(hops) == 0 {
		return err
	}
	last := hops[len(hops)-1]
	own := Hop{Host: t.host, User: t.user, Port: t.port}
	if last.User == "" {
		last.User = own.User
	}
	if last.Port == "" {
		last.Port = w.config.keywords["port"].def
	}
	if last == own {
		return w.set["proxyjump"].at.at(fmt.Errorf("proxyjump: the host %q would be reached through itself", t.host))
	}
	return nil
}

// expandAll expands the keywords that accept tokens, variables or ~.
func (w *walk) expandAll(t *tokens) error {
	command := func(s string) (string, error) { return t.expandCommand(s, proxyTokens) }
	remote := func(s string) (string, error) { return t.expand(s, fileTokens) }
	steps := []struct {
		name string
		fn   func(string) (string, error)
	}{
		{"identityfile", t.expandFile},
		{"certificatefile", t.expandFile},
		{"userknownhostsfile", t.expandFile},
		{"globalknownhostsfile", w.env.tilde},
		{"revokedhostkeys", w.env.tilde},
		{"identityagent", t.expandAgent},
		{"forwardagent", t.expandAgent},
		{"proxycommand", command},
		{"proxyjump", command},
		{"remotecommand", remote},
	}
	for _, step := range steps {
		s, ok := w.set[step.name]
		if !ok {
			continue
		}
		values := make([]string, 0, len(s.values))
		for _, v := range s.values {
			if step.name == "identityfile" && strings.EqualFold(v, "none") {
				continue
			}
			v, err := step.fn(v)
			if err != nil {
				return s.at.at(fmt.Errorf("%s: %w", step.name, err))
			}
			values = append(values, v)
		}
		s.values = values
		w.set[step.name] = s
	}
	return w.agentSocket()
}

// expandAgent expands a socket, which may be given as $NAME too.
func (t *tokens) expandAgent(s string) (string, error) {
	if name, ok := strings.CutPrefix(s, "$"); ok && !strings.HasPrefix(name, "{") {
		value, _ := t.env.lookup(name)
		return value, nil
	}
	return t.expandFile(s)
}

// agentSocket fills in the agent that the environment names.
func (w *walk) agentSocket() error {
	const variable = "SSH_AUTH_SOCK"
	s, ok := w.set["identityagent"]
	if ok && s.values[0] != variable {
		return nil
	}
	if socket, found := w.env.lookup(variable); found {
		w.fix("identityagent", socket)
	} else if ok {
		w.fix("identityagent", "")
	}
	return nil
}
