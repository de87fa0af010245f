package source

import (
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// sshArgs maps arguments for ssh to settings. As for ssh, the first of several
// values counts.
func sshArgs(s *scene) {
	for _, name := range s.family.names {
		text, ok := s.text(name)
		if !ok {
			continue
		}
		words, err := SplitWords(text)
		if err != nil {
			s.note(name, "Invalid Ansible variable", name+" cannot be split into words: "+err.Error()+"; it is not used.")
			continue
		}
		a := &argReader{scene: s, name: name, rest: words}
		a.read()
		if len(a.left) > 0 {
			s.note(name, "Unused SSH arguments", name+" has arguments without a counterpart in fleet, which are not used: "+shorten(strings.Join(a.left, " "), 120)+". What they do may be put into ssh_config.")
		}
	}
}

// An argReader reads the arguments in one variable.
type argReader struct {
	*scene
	name string
	rest []string
	left []string // what could not be used
}

// flagsWithArgument are the options of ssh(1) that take an argument.
const flagsWithArgument = "BbcDEeFIiJLlmOoPpQRSWw"

func (a *argReader) read() {
	for len(a.rest) > 0 {
		word := a.rest[0]
		a.rest = a.rest[1:]
		if len(word) < 2 || word[0] != '-' {
			a.left = append(a.left, word)
			continue
		}
		for i := 1; i < len(word); i++ {
			if !strings.Contains(flagsWithArgument, word[i:i+1]) {
				a.flag(word[i])
				continue
			}
			arg := word[i+1:]
			if arg == "" && len(a.rest) > 0 {
				arg, a.rest = a.rest[0], a.rest[1:]
			}
			a.option(word[i], arg)
			break
		}
	}
}

// flag looks at an option without an argument. Those about talk, terminals and
// compression make no difference here.
func (a *argReader) flag(c byte) {
	if !strings.ContainsRune("CqtTvx", rune(c)) {
		a.left = append(a.left, "-"+string(c))
	}
}

func (a *argReader) option(c byte, arg string) {
	written := strings.TrimSpace("-" + string(c) + " " + arg)
	keyword := map[byte]string{'J': "proxyjump", 'p': "port", 'l': "user", 'i': "identityfile"}[c]
	if c == 'o' {
		i := strings.IndexAny(arg, "= \t")
		if i < 0 {
			i = len(arg)
		}
		keyword, arg = strings.ToLower(arg[:i]), strings.Trim(arg[i:], "= \t")
	}
	if arg == "" || !a.keyword(keyword, arg) {
		a.left = append(a.left, written)
	}
}

// keyword takes a keyword of ssh_config. It is false when it cannot be used.
func (a *argReader) keyword(keyword, arg string) bool {
	switch keyword {
	case "proxyjump":
		a.way("jump", arg, strings.Split(arg, ","))
	case "proxycommand":
		a.way("proxy_command", arg, nil)
	case "port":
		a.give("port", arg)
	case "user":
		a.give("user", arg)
	case "identityfile":
		a.give("identity", workingPath(unquote(arg)))
	case "identitiesonly":
		a.give("identities_only", strconv.FormatBool(truthy(arg)))
	case "connecttimeout":
		return a.seconds("connect_timeout", arg)
	case "serveraliveinterval":
		return a.seconds("keepalive", arg)
	case "stricthostkeychecking":
		return a.hostKey(arg)
	case "userknownhostsfile":
		files := strings.Fields(unquote(arg))
		for i := range files {
			files[i] = workingPath(files[i])
		}
		a.list("known_hosts", files)
	case "controlmaster", "controlpersist", "controlpath", "serveralivecountmax", "loglevel",
		"compression", "batchmode", "numberofpasswordprompts", "requesttty":
		// fleet keeps connections by itself; the others make no difference.
	default:
		return false
	}
	return true
}

func (a *argReader) give(setting, text string) {
	a.set(setting, cty.StringVal(text), a.vars[a.name].At)
}

func (a *argReader) list(setting string, texts []string) {
	values := make([]cty.Value, 0, len(texts))
	for _, t := range texts {
		values = append(values, cty.StringVal(t))
	}
	if len(values) > 0 {
		a.set(setting, cty.ListVal(values), a.vars[a.name].At)
	}
}

// way sets a jump or a proxy command, whichever comes first; "none" is neither.
func (a *argReader) way(setting, text string, jumps []string) {
	for _, taken := range []string{"jump", "proxy_command"} {
		if _, ok := a.facets.Settings[taken]; ok {
			return
		}
	}
	switch {
	case strings.EqualFold(text, "none"):
		a.set(setting, cty.NullVal(cty.String), a.vars[a.name].At)
	case jumps != nil:
		for i := range jumps {
			jumps[i] = strings.TrimSpace(jumps[i])
		}
		a.list(setting, jumps)
	default:
		a.give(setting, unquote(text))
	}
}

// unquote takes off the quotes around a text, which ssh_config allows.
func unquote(s string) string {
	if len(s) > 1 && s[0] == '"' && strings.HasSuffix(s, `"`) {
		return s[1 : len(s)-1]
	}
	return s
}

func (a *argReader) seconds(setting, text string) bool {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return false
	}
	if n > 0 { // 0 is no limit, and none is what fleet does not have
		a.give(setting, text+"s")
	}
	return true
}

func (a *argReader) hostKey(how string) bool {
	how = strings.ToLower(how)
	switch {
	case how == "no" || how == "off" || how == "false":
		a.give("host_key", "off")
	case how == "accept-new":
		a.give("host_key", "accept-new")
	case slices.Contains([]string{"yes", "ask", "true"}, how):
		a.give("host_key", "strict")
	default:
		return false
	}
	return true
}
