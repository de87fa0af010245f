package sshconfig

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// criterion is one test of a Match line.
type criterion struct {
	name    string // in lower case
	arg     string
	negated bool
	nets    []netip.Prefix // of localnetwork
}

// execTokens are the tokens of a Match exec command.
const execTokens = "CLdhijklnpru"

// parseMatch reads the criteria of a Match line. ssh splits the line in a way
// of its own, without single quotes and escapes; where that gives nonsense, the
// way of newer versions is tried, which is that of all other lines.
func parseMatch(rest string, args []string) ([]criterion, error) {
	var split []string
	w := words{rest: rest}
	for {
		word, ok := w.next()
		if !ok {
			break
		}
		split = append(split, word)
	}
	list, err := parseCriteria(split)
	if err != nil {
		if newer, newerErr := parseCriteria(args); newerErr == nil {
			return newer, nil
		}
	}
	return list, err
}

func parseCriteria(split []string) ([]criterion, error) {
	var list []criterion
	for i := 0; i < len(split) && split[i] != "" && split[i][0] != '#'; i++ {
		name, negated := strings.CutPrefix(split[i], "!")
		c := criterion{name: strings.ToLower(name), negated: negated}
		switch c.name {
		case "all":
			// Anything may follow but a criterion; only canonical or
			// final may precede.
			if len(list) > 1 || i+1 < len(split) && split[i+1] != "" && split[i+1][0] != '#' {
				return nil, errors.New(`"all" stands alone, or after "final" or "canonical"`)
			}
			return append(list, c), nil
		case "final", "canonical":
		case "host", "originalhost", "user", "localuser", "exec", "tagged", "localnetwork":
			i++
			if i >= len(split) || split[i] == "" || split[i][0] == '#' {
				return nil, fmt.Errorf("match %s needs an argument", c.name)
			}
			if err := c.setArg(split[i]); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("unknown match criterion %q", name)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, errors.New("match needs at least one criterion")
	}
	return list, nil
}

func (c *criterion) setArg(arg string) error {
	c.arg = arg
	switch c.name {
	case "host", "originalhost":
		c.arg = strings.ToLower(arg)
	case "exec":
		return checkTokens(arg, execTokens)
	case "localnetwork":
		for text := range strings.SplitSeq(arg, ",") {
			prefix, err := netip.ParsePrefix(text)
			if err != nil {
				return fmt.Errorf("%q is not a network such as 192.0.2.0/24", text)
			}
			c.nets = append(c.nets, prefix.Masked())
		}
	}
	return nil
}

// matches says whether all criteria hold. A command is run only when what
// precedes it holds.
func (w *walk) matches(list []criterion) (bool, error) {
	for i := range list {
		ok, err := w.holds(&list[i])
		if err != nil || ok == list[i].negated {
			return false, err
		}
	}
	return true, nil
}

func (w *walk) holds(c *criterion) (bool, error) {
	switch c.name {
	case "final", "canonical":
		return w.final, nil
	case "host":
		host, err := w.currentHost()
		return matchList(strings.ToLower(host), c.arg), err
	case "originalhost":
		return matchList(strings.ToLower(w.original), c.arg), nil
	case "user":
		return matchList(w.currentUser(), c.arg), nil
	case "localuser":
		return matchList(w.env.user, c.arg), nil
	case "tagged":
		return matchList(w.first("tag"), c.arg), nil
	case "localnetwork":
		return slices.ContainsFunc(w.env.addresses(), func(a netip.Addr) bool {
			return slices.ContainsFunc(c.nets, func(p netip.Prefix) bool { return p.Contains(a) })
		}), nil
	case "exec":
		return w.runExec(c.arg)
	default: // all
		return true, nil
	}
}

// runExec expands and runs a Match exec command, and reports whether it exited
// with status 0.
func (w *walk) runExec(command string) (bool, error) {
	t, err := w.tokens()
	if err != nil {
		return false, err
	}
	if t.alias = w.first("hostkeyalias"); t.alias == "" {
		t.alias = t.host
	}
	text, err := t.expandCommand(command, execTokens)
	if err != nil {
		return false, err
	}
	return w.config.execs.run(w.ctx, w.env.shell(), text, w.execTimeout)
}
