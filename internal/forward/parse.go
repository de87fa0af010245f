package forward

import (
	"errors"
	"fmt"
	"strings"
)

const (
	// loopback is where a forward listens that does not say where.
	loopback = "127.0.0.1"
	tooMany  = "too many colons (an IPv6 address needs square brackets)"
)

// Parse reads a forward in the syntax of ssh's -L, -R or -D, which kind chooses.
// A [Remote] without a target is a [RemoteDynamic]. Without an address it listens
// on 127.0.0.1; with "*" or an empty one on all addresses.
func Parse(kind Kind, spec string) (Rule, error) {
	rule, err := parse(kind, spec)
	if err != nil {
		return Rule{}, fmt.Errorf("%s: %w; write %s", quote(spec), err, kind.form())
	}
	return rule, nil
}

// form is how a forward of that kind is written.
func (k Kind) form() string {
	switch k {
	case Dynamic:
		return "[ADDRESS:]PORT"
	case Remote, RemoteDynamic:
		return "[ADDRESS:]PORT:HOST:HOSTPORT, or [ADDRESS:]PORT for SOCKS"
	default:
		return "[ADDRESS:]PORT:HOST:HOSTPORT"
	}
}

func parse(kind Kind, spec string) (Rule, error) {
	fields, err := split(strings.TrimLeft(spec, " \t\n\v\f\r"))
	if err != nil {
		return Rule{}, err
	}
	listen, to := ends(fields)
	rule := Rule{Kind: kind}
	switch {
	case kind == Remote && len(to) == 0:
		rule.Kind = RemoteDynamic
	case kind == Remote || kind == Local:
		if rule.To, err = target(to, kind == Local); err != nil {
			return Rule{}, err
		}
	case kind != Dynamic && kind != RemoteDynamic:
		return Rule{}, errors.New("an unknown kind of forward")
	case len(to) > 0:
		return Rule{}, errors.New("a target, which the client of a dynamic forward chooses")
	}
	if rule.Listen, err = listener(listen, !kind.ListensHere()); err != nil {
		return Rule{}, err
	}
	return rule.atHome()
}

// A field is what stands between two colons. One with a slash is a path, as ssh
// has it.
type field struct {
	text string
	path bool
}

// split cuts a text at its colons. What is in square brackets is one field
// whatever is in it, and a backslash makes a colon, or itself, a plain character.
func split(spec string) ([]field, error) {
	var fields []field
	for {
		text, rest, more, err := cut(spec)
		if err != nil {
			return nil, err
		}
		fields = append(fields, field{text, strings.Contains(text, "/")})
		switch {
		case !more || len(fields) < 4 && rest == "":
			// ssh forgives one colon at the end.
			return fields, nil
		case len(fields) == 4 && rest != "":
			return nil, errors.New(tooMany)
		case len(fields) == 4:
			return fields, nil
		}
		spec = rest
	}
}

// cut takes the first field off a text; more tells whether a colon ended it.
func cut(spec string) (text, rest string, more bool, err error) {
	if inner, ok := strings.CutPrefix(spec, "["); ok {
		text, rest, ok = strings.Cut(inner, "]")
		if !ok {
			return "", "", false, errors.New("a bracket that is not closed")
		}
		if rest, more = strings.CutPrefix(rest, ":"); !more && rest != "" {
			return "", "", false, errors.New("something behind a bracket that is not a colon")
		}
		return text, rest, more, nil
	}
	var b strings.Builder
	for i := 0; i < len(spec); i++ {
		switch spec[i] {
		case '\\':
			if i++; i == len(spec) {
				return "", "", false, errors.New("a backslash at the end")
			}
		case ':':
			return b.String(), spec[i+1:], true, nil
		}
		b.WriteByte(spec[i])
	}
	return b.String(), "", false, nil
}

// ends tells which fields are of the listener and which of the target. Where
// that is open, as in "5432:db", they are the listener's: the caller says what
// is missing.
func ends(f []field) (listen, to []field) {
	switch {
	case len(f) == 1:
		return f, nil
	case f[0].path: // PATH:PATH or PATH:HOST:HOSTPORT
		return f[:1], f[1:]
	case len(f) == 2 && f[1].path: // PORT:PATH
		return f[:1], f[1:]
	case len(f) == 2: // ADDRESS:PORT
		return f, nil
	case len(f) == 3 && f[2].path: // ADDRESS:PORT:PATH
		return f[:2], f[2:]
	case len(f) == 3: // PORT:HOST:HOSTPORT
		return f[:1], f[1:]
	default:
		return f[:2], f[2:]
	}
}

// listener reads PATH, PORT or ADDRESS:PORT. far tells that it is on the host.
func listener(f []field, far bool) (Endpoint, error) {
	if len(f) == 1 && f[0].path {
		return socket(f[0].text, far)
	}
	host := loopback
	if len(f) == 2 {
		host, f = f[0].text, f[1:]
	}
	port, err := parsePort(f[0].text, "port to listen on")
	if err != nil {
		return Endpoint{}, err
	}
	if host == "" || host == "*" {
		return TCP("", port), nil
	}
	if err := CheckHost(host); err != nil {
		return Endpoint{}, err
	}
	return TCP(host, port), nil
}

// target reads PATH or HOST:HOSTPORT. far tells that it is as seen from the host.
func target(f []field, far bool) (Endpoint, error) {
	switch {
	case len(f) == 0:
		return Endpoint{}, errors.New("no port of the target")
	case len(f) == 1 && f[0].path:
		return socket(f[0].text, far)
	case len(f) != 2:
		return Endpoint{}, errors.New("no port of the target")
	}
	if err := CheckHost(f[0].text); err != nil {
		return Endpoint{}, fmt.Errorf("%w in the target", err)
	}
	port, err := parsePort(f[1].text, "port of the target")
	if err != nil {
		return Endpoint{}, err
	}
	if port == 0 {
		return Endpoint{}, errors.New("0 is no port of the target")
	}
	return TCP(f[0].text, port), nil
}

func socket(path string, far bool) (Endpoint, error) {
	check := checkNearPath
	if far {
		check = checkFarPath
	}
	if err := check(path); err != nil {
		return Endpoint{}, err
	}
	return Unix(path), nil
}
