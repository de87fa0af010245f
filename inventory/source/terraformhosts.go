package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// hostsOf makes hosts of the instances.
func (s *state) hostsOf() {
	s.checkTypes()
	s.nameAll()
	noted := false
	for i := range s.instances {
		in := &s.instances[i]
		if in.host == "" { // reported already
			continue
		}
		address := s.addressOf(in)
		if address == "" {
			s.skipped.add(in.at, "Machine without an address", "Machines without an address are left out. The option address says which attribute holds it.", subject{host: in.host})
			continue
		}
		h := s.host(in.host, in.at)
		if h == nil {
			continue
		}
		h.setSetting("address", address, in.at)
		h.setVar("terraform_address", cty.StringVal(in.address), in.at)
		s.variables(h, in)
		if bad := s.labels(h, in); bad != "" && !noted {
			noted = true
			s.warn(in.at, "Invalid label", "Tags that cannot be the name of a label are left out, such as %q: letters, digits, and any of _ . - / after the first.", clean(bad, 60))
		}
	}
	// Types before names: what is said of one resource is more special.
	for i := range s.instances {
		s.member(&s.instances[i], s.instances[i].typ)
	}
	for i := range s.instances {
		if in := &s.instances[i]; in.name != in.typ {
			s.member(in, in.name)
		}
	}
}

// member puts the host of an instance, where there is one, into a group.
func (s *state) member(in *instance, group string) {
	if _, ok := s.hosts[in.host]; ok && ValidGroupName(group) {
		s.join(group, in.host, in.at)
	}
}

// checkTypes warns of what was asked for in vain.
func (s *state) checkTypes() {
	at := Place{File: s.options.Path}
	for _, typ := range s.options.Types {
		if !slices.ContainsFunc(s.instances, func(in instance) bool { return in.typ == typ }) {
			s.warn(at, "No such resources", "The state has no resource of type %q.", clean(typ, 60))
		}
	}
	if len(s.options.Types) == 0 && len(s.instances) == 0 {
		s.warn(at, "No such resources", "The state has no resource of a type that is known to be a machine. The option types names others.")
	}
}

// nameAll gives every instance its name as a host. Names that several have, as
// with count and one tag for all, tell nothing apart.
func (s *state) nameAll() {
	times := map[string]int{}
	for i := range s.instances {
		in := &s.instances[i]
		if path := s.options.Name; path != "" {
			name, ok := in.values.find(path).scalar()
			if !ok {
				s.fail(in.at, "Invalid host", "The resource %q has no %q to be named by.", clean(in.address, 100), path)
			}
			in.host = name
			continue
		}
		s.nameOf(in)
		times[in.host]++
	}
	for i := range s.instances {
		in := &s.instances[i]
		if s.options.Name != "" || in.host != "" && times[in.host] == 1 {
			continue
		}
		name := resourceName(in.address)
		if in.host != "" {
			s.skipped.add(in.at, "Name of several machines", "Machines with the same name are called by the address of their resource.", subject{host: name})
		}
		in.host = name
	}
	s.tellUnfit()
}

// nameOf names an instance by the first attribute that can name a host.
func (s *state) nameOf(in *instance) {
	for _, path := range namePaths() {
		name, ok := in.values.find(path).scalar()
		if !ok || name == "" {
			continue
		}
		problem := CheckHostName(name)
		if problem == "" {
			in.host = name
			return
		}
		if in.unfit == "" {
			in.unfit = fmt.Sprintf("%s = %q of %s cannot be the name of a host: %s.", path, clean(name, 80), clean(in.address, 100), problem)
		}
	}
}

// tellUnfit warns of names that are no names for a host: whoever gave them would
// look for the hosts in vain.
func (s *state) tellUnfit() {
	const most = 5
	told := 0
	for i := range s.instances {
		in := &s.instances[i]
		if in.unfit == "" {
			continue
		}
		if told++; told <= most {
			s.warn(in.at, "Name is no host name", "%s The host is called %s.", in.unfit, in.host)
		}
	}
	if told > most {
		s.warn(Place{File: s.options.Path}, "Name is no host name", "There are %d more of these.", told-most)
	}
}

func (s *state) addressOf(in *instance) string {
	paths := s.machines[in.typ]
	switch {
	case s.options.Address != "":
		paths = []string{s.options.Address}
	case paths == nil:
		paths = addressPaths()
	}
	for _, path := range paths {
		if text, ok := in.values.find(path).scalar(); ok && text != "" {
			address, _, _ := strings.Cut(text, "/") // 10.0.0.1/24
			return address
		}
	}
	return ""
}

func (s *state) variables(h *Host, in *instance) {
	for i := range in.values.items {
		n := &in.values.items[i]
		if confidential(n.name) || slices.Contains(labelPaths(), n.name) {
			continue
		}
		if v, ok := simple(n); ok {
			h.setVar(n.name, v, Place{s.options.Path, int(n.line)})
		}
	}
}

// labels makes labels of tags. It returns the name of one that cannot be.
func (s *state) labels(h *Host, in *instance) (bad string) {
	for _, path := range labelPaths() {
		n := in.values.member(path)
		if n == nil {
			continue
		}
		for i := range n.items {
			item := &n.items[i]
			name, text := item.name, "true"
			if n.kind == listNode { // "web", "env:prod"
				word, ok := item.scalar()
				if !ok {
					continue
				}
				name = word
				if j := strings.IndexAny(word, ":="); j >= 0 {
					name, text = word[:j], word[j+1:]
				}
			} else if own, ok := item.scalar(); ok {
				text = own
			} else {
				continue
			}
			if _, have := h.Labels[name]; have || confidential(name) {
				continue
			}
			if !ValidLabelName(name) {
				bad = name
				continue
			}
			h.setLabel(name, text, Place{s.options.Path, int(item.line)})
		}
	}
	return bad
}
