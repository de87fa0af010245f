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
	foreign   bool // it comes from a source

	// Of a value that is made from secrets when it is used:
	late  hcl.Expression // nil for all others
	needs []string       // the secrets
	parse parser
}

// origin is file:line.
func (s *setting) origin() string { return lang.Place(s.at) }

// A parser turns the value of an attribute into that of a setting. Its error
// completes the sentence "NAME ...".
type parser func(v cty.Value, at hcl.Range) (any, error)

// A spec defines an attribute that is a setting.
type spec struct {
	id    settingID
	parse parser
	lang.AttrDef
}

func connectionSpecs() []spec {
	return []spec{
		{setUser, parseUser, lang.AttrDef{Name: "user", Type: "string", Doc: "Login user.", Default: "ssh_config, else your own name"}},
		{setPort, parsePort, lang.AttrDef{Name: "port", Type: "number", Doc: "TCP port.", Default: "ssh_config, else 22"}},
		{setIdentity, parsePaths, lang.AttrDef{Name: "identity", Type: "list(string)", Doc: "Private key files. A relative name is relative to the file it stands in."}},
		{setIdentitiesOnly, parseBool, lang.AttrDef{Name: "identities_only", Type: "bool", Doc: "Whether keys of the agent that are not in `identity` are kept back."}},
		{setJump, parseList, lang.AttrDef{Name: "jump", Type: "list(string)", Doc: "Hosts to go through, in this order: a host of the inventory, or `user@host:port`. `null` goes directly."}},
		{setProxyCommand, parseText, lang.AttrDef{Name: "proxy_command", Type: "string", Doc: "Command whose standard input and output are the connection. `null` goes directly."}},
		{setConnectTimeout, parseDuration, lang.AttrDef{Name: "connect_timeout", Type: "duration", Doc: "Time for TCP, key exchange and login together.", Default: "10s"}},
		{setKeepalive, parseDuration, lang.AttrDef{Name: "keepalive", Type: "duration", Doc: "Time without a byte from the host after which it is probed; three probes without an answer end the connection.", Default: "15s"}},
		{setHostKey, oneOf(hostKeyWords()...), lang.AttrDef{Name: "host_key", Type: "string", Words: hostKeyWords(), Doc: "What to do with a host key that is not known: refuse it, store it, or look at none.", Default: "strict"}},
		{setKnownHosts, parsePaths, lang.AttrDef{Name: "known_hosts", Type: "list(string)", Doc: "Files with known host keys; the first is written to."}},
		{setLegacy, parseBool, lang.AttrDef{Name: "legacy", Type: "bool", Doc: "Whether old algorithms may be used, for hosts that have no others.", Default: "false"}},
	}
}

func hostKeyWords() []string { return []string{"strict", "accept-new", "off"} }

func becomeSpecs() []spec {
	return []spec{
		{setBecomeMethod, oneOf(becomeWords()...), lang.AttrDef{Name: "method", Type: "string", Words: becomeWords(), Doc: "By which program.", Default: "sudo"}},
		{setBecomeUser, parseUser, lang.AttrDef{Name: "user", Type: "string", Doc: "Commands run as this user. Without it, they do where that is asked for, by `-s` or `--become`: the block then says how."}},
		{setBecomePassword, parseText, lang.AttrDef{Name: "password", Type: "string", Doc: "What that program is to be told where it asks: `secret.NAME`."}},
	}
}

func becomeWords() []string { return []string{"sudo", "doas", "su"} }

func addressSpec() spec {
	return spec{setAddress, parseAddress, lang.AttrDef{Name: "address", Type: "string", Doc: "Name or IP address to dial.", Default: "the host's name, as ssh_config resolves it"}}
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
	if !ValidUser(s.(string)) {
		return nil, fmt.Errorf("is no login name: spaces, control characters, quotes and a leading dash are not allowed")
	}
	return s, nil
}

// ValidUser reports whether s can be a login name. It follows ssh, which refuses
// what a shell could misread in %r.
func ValidUser(s string) bool {
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

// parseCommand takes a program and its arguments, which may be empty or have
// several lines, such as a script after -c.
func parseCommand(v cty.Value, at hcl.Range) (any, error) {
	if v.Type() == cty.String || !v.CanIterateElements() || v.Type().IsMapType() || v.Type().IsObjectType() {
		return parseList(v, at)
	}
	out := []string{}
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		if e.Type() != cty.String || e.IsNull() || strings.ContainsRune(e.AsString(), 0) {
			return nil, fmt.Errorf("must be a text or a list of texts")
		}
		out = append(out, e.AsString())
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

// parsePath takes the name of one file, which messages will name as it is
// reached from here.
func parsePath(v cty.Value, at hcl.Range) (any, error) {
	s, err := parseText(v, at)
	if err != nil {
		return nil, err
	}
	p := s.(string)
	if p[0] == '~' {
		return resolvePath(p, "."), nil
	}
	if filepath.IsAbs(p) {
		return p, nil
	}
	return filepath.Join(filepath.Dir(at.Filename), p), nil
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
