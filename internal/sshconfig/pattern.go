package sshconfig

import "strings"

// matchPattern reports whether s matches a pattern of "*" and "?", byte by
// byte. It takes at most len(s) * len(pattern) steps, whatever the pattern.
func matchPattern(s, pattern string) bool {
	i, j := 0, 0
	star, mark := -1, 0 // the last "*", and where in s it stopped
	for i < len(s) {
		switch {
		case j < len(pattern) && pattern[j] == '*':
			star, mark = j, i
			j++
		case j < len(pattern) && (pattern[j] == '?' || pattern[j] == s[i]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	return strings.Trim(pattern[j:], "*") == ""
}

// matchList reports whether s matches a comma-separated list of patterns: one
// of them, and none of those that begin with "!".
func matchList(s, list string) bool {
	found := false
	for pattern := range strings.SplitSeq(list, ",") {
		name, negated := strings.CutPrefix(pattern, "!")
		if matchPattern(s, name) {
			if negated {
				return false
			}
			found = true
		}
	}
	return found
}

// hostPattern is one word of a Host line.
type hostPattern struct {
	text    string
	negated bool
	literal bool // has no wildcard
}

func newHostPattern(arg string) hostPattern {
	text, negated := strings.CutPrefix(arg, "!")
	return hostPattern{text: text, negated: negated, literal: !strings.ContainsAny(text, "*?")}
}

func (p *hostPattern) match(host string) bool {
	if p.literal {
		return p.text == host
	}
	return matchPattern(host, p.text)
}

// matchHosts says whether a Host line applies: a negated pattern that matches
// rules it out, wherever it stands.
func matchHosts(patterns []hostPattern, host string) bool {
	found := false
	for i := range patterns {
		if patterns[i].match(host) {
			if patterns[i].negated {
				return false
			}
			found = true
		}
	}
	return found
}
