package sshconfig

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// walk goes through the files for one host.
type walk struct {
	ctx      context.Context // of the one Resolve call this lives in
	config   *Config
	env      *env
	host     string // what Host lines are compared with
	original string // as the user typed it
	final    bool   // this is the second walk
	set      map[string]setting

	execTimeout time.Duration // of the query
}

// setting is the value of one keyword. It may have no values where the user has
// said "none".
type setting struct {
	values []string
	at     position // of the first value
}

// first is the first value of a keyword, before expansion.
func (w *walk) first(name string) string {
	if s := w.set[name]; len(s.values) > 0 {
		return s.values[0]
	}
	return ""
}

// currentHost is the host name as known so far.
func (w *walk) currentHost() (string, error) {
	s, ok := w.set["hostname"]
	if w.final || !ok {
		return w.host, nil
	}
	t := tokens{env: w.env, host: w.original}
	name, err := t.expand(s.values[0], "h")
	return name, s.at.at(err)
}

func (w *walk) currentUser() string {
	if user := w.first("user"); user != "" {
		return user
	}
	return w.env.user
}

// tokens are the values of tokens as known so far.
func (w *walk) tokens() (*tokens, error) {
	host, err := w.currentHost()
	t := &tokens{
		env: w.env, host: host, original: w.original, user: w.currentUser(),
		port: w.first("port"), alias: w.first("hostkeyalias"), jump: w.jumpHost(),
	}
	if t.port == "" {
		t.port = w.config.keywords["port"].def
	}
	if t.alias == "" {
		t.alias = w.original
	}
	return t, err
}

// jumpHost is the name of the last hop, or empty.
func (w *walk) jumpHost() string {
	hops, err := ParseJump(w.first("proxyjump"))
	if err != nil || len(hops) == 0 {
		return ""
	}
	return hops[len(hops)-1].Host
}

// commandLine applies -l, -p, -J and -o.
func (w *walk) commandLine(q *Query) error {
	at := position{name: "command line"}
	flags := []struct{ flag, name, value string }{
		{"-l", "user", q.User}, {"-p", "port", q.Port}, {"-J", "proxyjump", q.Jump},
	}
	for _, f := range flags {
		if f.value == "" {
			continue
		}
		k := w.config.keywords[f.name]
		values, err := k.oneValue(f.value)
		if err != nil {
			return fmt.Errorf("%s: %w", f.flag, err)
		}
		w.apply(&directive{key: k, values: values, at: at})
	}
	for _, option := range q.Options {
		if err := w.option(option); err != nil {
			return fmt.Errorf("-o %q: %w", option, err)
		}
	}
	if !safeUser(w.first("user")) {
		return errUnsafeUser
	}
	return nil
}

// Check tells, before there is a host, whether the flags and options of a query
// are good. The host is not looked at.
func Check(q Query) error {
	c := &Config{keywords: newKeywords()}
	return c.newWalk("").commandLine(&q)
}

// Option is the keyword of an -o argument, in lower case and by its current
// name, and the arguments of the keyword. The keyword is empty where there is
// none.
func Option(arg string) (keyword string, args []string) {
	key, rest := keywordOf(arg)
	k, args, err := splitLine(newKeywords(), key, rest)
	if err == nil && k != nil {
		key = k.name
	}
	return key, args
}

// IsYes reports whether an argument switches a flag on.
func IsYes(arg string) bool {
	v, err := flagValue(arg, nil)
	return err == nil && v == "yes"
}

// option applies one -o argument.
func (w *walk) option(option string) error {
	key, rest := keywordOf(option)
	if key == "" {
		return errors.New("this is not of the form Keyword=value")
	}
	k, args, err := splitLine(w.config.keywords, key, rest)
	switch {
	case err != nil:
		return err
	case k == nil:
		return w.unknown(key)
	case k.kind == kindHost || k.kind == kindMatch || k.kind == kindInclude:
		return errors.New("this belongs in a file")
	}
	values, err := k.value(rest, args)
	if err != nil {
		return err
	}
	w.apply(&directive{key: k, values: values, at: position{name: "-o"}})
	return nil
}

// unknown is the error for an unknown keyword, unless IgnoreUnknown permits it.
func (w *walk) unknown(key string) error {
	if matchList(key, strings.ToLower(w.first("ignoreunknown"))) {
		return nil
	}
	return unknownKeyword(key, w.config.keywords)
}

func (w *walk) files() error {
	for _, f := range w.config.files {
		if err := w.file(f, true); err != nil {
			return err
		}
	}
	return nil
}

// file walks a file. In a file that does not apply, because the block that
// includes it does not, only unknown keywords matter.
func (w *walk) file(f *file, applies bool) error {
	for i := range f.blocks {
		b := &f.blocks[i]
		active, err := w.active(b, applies)
		if err != nil {
			return b.at.at(err)
		}
		if !active && !b.unknown {
			continue
		}
		for j := range b.directives {
			if err := w.directive(&b.directives[j], active); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *walk) active(b *block, applies bool) (bool, error) {
	switch {
	case !applies:
		return false, nil
	case b.hosts != nil:
		return matchHosts(b.hosts, w.host), nil
	case b.criteria != nil:
		return w.matches(b.criteria)
	default:
		return true, nil
	}
}

func (w *walk) directive(d *directive, active bool) error {
	if d.key == nil {
		return d.at.at(w.unknown(d.unknown))
	}
	for _, f := range d.included {
		if err := w.file(f, active); err != nil {
			return err
		}
	}
	if active {
		w.apply(d)
	}
	return nil
}
