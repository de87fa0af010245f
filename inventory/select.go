package inventory

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"

	"fleet/internal/nodeset"
	"fleet/inventory/source"
)

// SelectOptions are the flags that choose hosts. Hosts, Groups and All add up;
// Exclude takes away; Limit and then Pick narrow what is left.
type SelectOptions struct {
	Hosts   []string // -w: expressions; "^FILE" and "-" read a list
	Exclude []string // -x: the same
	Groups  []string // -g: names, ranges or globs of groups
	All     bool     // -a
	Limit   []string // --limit: expressions
	Pick    string   // --pick: "3" or "10%"
	// Seed makes Pick choose the same hosts again; nil chooses at random.
	Seed *uint64
	// Stdin is what "-" reads.
	Stdin io.Reader
}

// Select returns the hosts that o means, each once, in natural order. Whatever
// matches nothing is an error, and so is an empty result.
func (inv *Inventory) Select(o SelectOptions) ([]*Host, error) {
	names, err := inv.chosen(&o)
	if err != nil {
		return nil, err
	}
	if err := inv.checkNarrowing(names, &o); err != nil {
		return nil, err
	}
	for _, text := range o.Exclude {
		out, err := inv.list(text, o.Stdin)
		if err != nil {
			return nil, err
		}
		names = without(names, out)
	}
	for _, text := range o.Limit {
		keep, err := inv.eval(text)
		if err != nil {
			return nil, fmt.Errorf("--limit: %w", err)
		}
		names = intersect(names, keep)
	}
	if len(names) == 0 {
		return nil, errors.New("no hosts are left after all exclusions and limits")
	}
	slices.SortFunc(names, nodeset.Compare)
	names = slices.Compact(names)
	if names, err = pick(names, o.Pick, o.Seed); err != nil {
		return nil, err
	}
	return inv.hostsOf(names)
}

func (inv *Inventory) chosen(o *SelectOptions) ([]string, error) {
	var names []string
	for _, text := range o.Hosts {
		more, err := inv.list(text, o.Stdin)
		if err != nil {
			return nil, err
		}
		names = append(names, more...)
	}
	for _, name := range o.Groups {
		more, err := inv.eval("@" + strings.TrimPrefix(name, "@"))
		if err != nil {
			return nil, err
		}
		names = append(names, more...)
	}
	if o.All {
		if inv.open {
			return nil, errors.New("all hosts (-a) needs an inventory, and none is loaded; hint: load one with -i")
		}
		for _, h := range inv.hosts {
			names = append(names, h.Name)
		}
	}
	if len(o.Hosts)+len(o.Groups) == 0 && !o.All {
		return nil, errors.New("no hosts are chosen; hint: -w PATTERN, -g GROUP or -a")
	}
	return names, nil
}

// checkNarrowing looks for terms of -x and --limit that mean none of the chosen
// hosts where there is no inventory: nothing else would tell that a name is
// misspelled. A list in a file may say more than there is.
func (inv *Inventory) checkNarrowing(chosen []string, o *SelectOptions) error {
	if !inv.open || len(o.Exclude)+len(o.Limit) == 0 {
		return nil
	}
	among := resolverAmong{make(map[string]bool, len(chosen))}
	for _, name := range chosen {
		among.chosen[name] = true
	}
	check := func(flag string, texts []string) error {
		for _, text := range texts {
			if text == "-" || strings.HasPrefix(text, "^") {
				continue
			}
			e, err := nodeset.Parse(strings.TrimSpace(text))
			if err != nil {
				continue // told where it is evaluated
			}
			if _, err := e.Eval(among); err != nil {
				return fmt.Errorf("%s: %w", flag, err)
			}
		}
		return nil
	}
	if err := check("-x", o.Exclude); err != nil {
		return err
	}
	return check("--limit", o.Limit)
}

func (inv *Inventory) hostsOf(names []string) ([]*Host, error) {
	out := make([]*Host, len(names))
	for i, name := range names {
		h, ok := inv.Lookup(name)
		if !ok {
			return nil, fmt.Errorf("%q is no name for a host: %s", name, source.CheckHostName(name))
		}
		out[i] = h
	}
	return out, nil
}

// list evaluates an expression, or the lines of a file.
func (inv *Inventory) list(text string, stdin io.Reader) ([]string, error) {
	name, isFile := strings.CutPrefix(text, "^")
	if text != "-" && !isFile {
		return inv.eval(text)
	}
	var src []byte
	var err error
	switch {
	case isFile:
		src, err = readList(name)
	case stdin == nil:
		err = errors.New("there is no input to read hosts from")
	default:
		name = "standard input"
		src, err = io.ReadAll(io.LimitReader(stdin, maxListSize+1))
	}
	if err == nil && len(src) > maxListSize {
		err = fmt.Errorf("more than %d bytes", maxListSize)
	}
	if err != nil {
		return nil, fmt.Errorf("host list %q: %w", name, err)
	}
	return inv.evalLines(name, string(src))
}

// maxListSize bounds a file of host names.
const maxListSize = 64 << 20

func readList(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	defer func() { _ = f.Close() }() // only read
	return io.ReadAll(io.LimitReader(f, maxListSize+1))
}

// evalLines takes one or several patterns a line; # begins a comment.
func (inv *Inventory) evalLines(name, src string) ([]string, error) {
	var names []string
	n := 0
	for line := range strings.Lines(src) {
		n++
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		more, err := inv.eval(line)
		if err != nil {
			return nil, fmt.Errorf("host list %q line %d: %w", name, n, err)
		}
		if names = append(names, more...); len(names) > nodeset.MaxSize {
			return nil, fmt.Errorf("host list %q has more than %d hosts", name, nodeset.MaxSize)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("host list %q names no hosts", name)
	}
	return names, nil
}

func (inv *Inventory) eval(text string) ([]string, error) {
	e, err := nodeset.Parse(strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	names, err := e.Eval(resolver{inv})
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("%q leaves no hosts", strings.TrimSpace(text))
	}
	return names, err
}

func without(names, out []string) []string {
	drop := make(map[string]bool, len(out))
	for _, n := range out {
		drop[n] = true
	}
	return slices.DeleteFunc(names, func(n string) bool { return drop[n] })
}

func intersect(names, keep []string) []string {
	kept := make(map[string]bool, len(keep))
	for _, n := range keep {
		kept[n] = true
	}
	return slices.DeleteFunc(names, func(n string) bool { return !kept[n] })
}

// pick chooses n or n% of names at random, at least one, and keeps their order.
func pick(names []string, text string, seed *uint64) ([]string, error) {
	if text == "" {
		return names, nil
	}
	digits, percent := strings.CutSuffix(text, "%")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || percent && n > 100 {
		return nil, fmt.Errorf("--pick takes a number such as 3, or a share such as 10%%, not %q", text)
	}
	if percent {
		n = int(math.Ceil(float64(len(names)) * float64(n) / 100))
	}
	if n >= len(names) {
		return names, nil
	}
	s := rand.Uint64()
	if seed != nil {
		s = *seed
	}
	order := rand.New(rand.NewPCG(s, 0)).Perm(len(names))[:n]
	slices.Sort(order)
	out := make([]string, n)
	for i, at := range order {
		out[i] = names[at]
	}
	return out, nil
}
