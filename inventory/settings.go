package inventory

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"fleet/internal/lang"
)

// settingID names a setting of a connection block.
type settingID int

const (
	setUser settingID = iota
	setPort
	setIdentity
	setIdentitiesOnly
	setJump
	setProxyCommand
	setConnectTimeout
	setKeepalive
	setHostKey
	setKnownHosts
	setLegacy
	setBecomeMethod
	setBecomeUser
	setBecomePassword
	setAddress // of a host block
	settingCount
)

// A setting is a value and where it was given. The value is nil where it was
// given as null.
type setting struct {
	value     any // string, int, bool, time.Duration or []string
	at        hcl.Range
	sensitive bool
}

// origin is file:line.
func (s *setting) origin() string { return lang.Place(s.at) }

// A parser turns the value of an attribute into that of a setting. Its error
// completes the sentence "NAME ...".
type parser func(v cty.Value, at hcl.Range) (any, error)

// A spec says how an attribute is called and read.
type spec struct {
	id    settingID
	name  string
	parse parser
}

func connectionSpecs() []spec {
	return []spec{
		{setUser, "user", parseUser},
		{setPort, "port", parsePort},
		{setIdentity, "identity", parsePaths},
		{setIdentitiesOnly, "identities_only", parseBool},
		{setJump, "jump", parseList},
		{setProxyCommand, "proxy_command", parseText},
		{setConnectTimeout, "connect_timeout", parseDuration},
		{setKeepalive, "keepalive", parseDuration},
		{setHostKey, "host_key", oneOf("strict", "accept-new", "off")},
		{setKnownHosts, "known_hosts", parsePaths},
		{setLegacy, "legacy", parseBool},
	}
}

func becomeSpecs() []spec {
	return []spec{
		{setBecomeMethod, "method", oneOf("sudo", "doas", "su")},
		{setBecomeUser, "user", parseUser},
		{setBecomePassword, "password", parseText},
	}
}

func parseText(v cty.Value, _ hcl.Range) (any, error) {
	v, err := convert.Convert(v, cty.String)
	if err != nil || v.IsNull() {
		return nil, fmt.Errorf("must be a text")
	}
	s := v.AsString()
	switch {
	case s == "":
		return nil, fmt.Errorf("must not be empty; null takes a setting back")
	case strings.ContainsAny(s, "\n\r\x00"):
		return nil, fmt.Errorf("must be one line")
	}
	return s, nil
}

func parseUser(v cty.Value, at hcl.Range) (any, error) {
	s, err := parseText(v, at)
	if err != nil {
		return nil, err
	}
	if !validUser(s.(string)) {
		return nil, fmt.Errorf("is no login name: spaces, control characters, quotes and a leading dash are not allowed")
	}
	return s, nil
}

// validUser follows ssh, which refuses what a shell could misread in %r.
func validUser(s string) bool {
	return s != "" && s[0] != '-' && !strings.ContainsAny(s, "'`\"$\\;&<>|(){} ") && !hasControl(s)
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\ufffd' })
}

func parsePort(v cty.Value, _ hcl.Range) (any, error) {
	problem := fmt.Errorf("must be a whole number from 1 to 65535")
	v, err := convert.Convert(v, cty.Number)
	if err != nil || v.IsNull() || !v.AsBigFloat().IsInt() {
		return nil, problem
	}
	n, _ := v.AsBigFloat().Int64()
	if n < 1 || n > 65535 {
		return nil, problem
	}
	return int(n), nil
}

func parseBool(v cty.Value, _ hcl.Range) (any, error) {
	v, err := convert.Convert(v, cty.Bool)
	if err != nil || v.IsNull() {
		return nil, fmt.Errorf("must be true or false")
	}
	return v.True(), nil
}

// maxDuration bounds times, so that they can be added without overflow.
const maxDuration = 365 * 24 * time.Hour

func parseDuration(v cty.Value, at hcl.Range) (any, error) {
	problem := fmt.Errorf("must be a time such as \"10s\" or \"2m\"")
	s, err := parseText(v, at)
	if err != nil {
		return nil, problem
	}
	d, err := time.ParseDuration(s.(string))
	switch {
	case err != nil:
		return nil, problem
	case d <= 0 || d > maxDuration:
		return nil, fmt.Errorf("must be more than 0 and at most a year")
	}
	return d, nil
}

func oneOf(words ...string) parser {
	return func(v cty.Value, at hcl.Range) (any, error) {
		s, err := parseText(v, at)
		if err == nil {
			for _, w := range words {
				if s == w {
					return w, nil
				}
			}
		}
		problem := "must be one of " + strings.Join(words, ", ") + "."
		if text, ok := s.(string); ok {
			problem += lang.DidYouMean(text, "", words)
		}
		return nil, fmt.Errorf("%s", strings.TrimSuffix(problem, "."))
	}
}

// parseList takes one text or a list of them.
func parseList(v cty.Value, at hcl.Range) (any, error) {
	if v.Type() == cty.String {
		s, err := parseText(v, at)
		if err != nil {
			return nil, err
		}
		return []string{s.(string)}, nil
	}
	if !v.CanIterateElements() || v.Type().IsMapType() || v.Type().IsObjectType() {
		return nil, fmt.Errorf("must be a text or a list of texts")
	}
	out := []string{}
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		s, err := parseText(e, at)
		if err != nil || e.Type() != cty.String {
			return nil, fmt.Errorf("must be a text or a list of texts")
		}
		out = append(out, s.(string))
	}
	return out, nil
}

// parsePaths takes one file name or a list. A relative one is relative to the
// file it stands in, so that an inventory works from every folder.
func parsePaths(v cty.Value, at hcl.Range) (any, error) {
	list, err := parseList(v, at)
	if err != nil {
		return nil, err
	}
	out := list.([]string)
	for i, p := range out {
		out[i] = resolvePath(p, filepath.Dir(at.Filename))
	}
	return out, nil
}

// resolvePath makes ~ the home folder, and other relative paths relative to dir.
func resolvePath(p, dir string) string {
	if rest, ok := strings.CutPrefix(p, "~"); ok && (rest == "" || rest[0] == '/') {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	if filepath.IsAbs(p) || p == "none" {
		return p
	}
	if abs, err := filepath.Abs(filepath.Join(dir, p)); err == nil {
		return abs
	}
	return filepath.Join(dir, p)
}

// showValue writes a value for people.
func showValue(v any) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case string:
		return v
	case []string:
		if len(v) == 0 {
			return "none"
		}
		return strings.Join(v, ", ")
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	default:
		return fmt.Sprint(v)
	}
}
