package source

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// TerraformOptions say where the state is, and which of its resources are hosts.
type TerraformOptions struct {
	// Path is a state file of Terraform or OpenTofu, or what "terraform show
	// -json" printed.
	Path string
	// Types are the types of resources that are hosts. Default: those known to
	// be machines, such as aws_instance.
	Types []string
	// Name and Address are paths to the attributes that hold these, as in
	// "network_interface.0.network_ip". Default: what is usual for the type.
	Name, Address string
}

// Terraform reads the machines in a state file. Tags and labels become labels;
// simple attributes become variables, but for those that are sensitive or are
// called like a secret. Each host is in two groups, called after the type and
// the name of its resource. A machine without an address is left out: its name
// alone might lead to another one.
func Terraform(ctx context.Context, o TerraformOptions) *Data {
	text, err := readFile(ctx, o.Path)
	if err != nil {
		return unreadable(o.Path, err)
	}
	return parseState(text, o)
}

func parseState(text []byte, o TerraformOptions) *Data {
	s := &state{builder: newBuilder(), options: o, machines: machines()}
	tree, err := parseJSON(withoutBOM(text))
	if err != nil {
		s.fail(Place{o.Path, err.line}, "Invalid Terraform state", "The file cannot be used: %s.", err)
		return s.done()
	}
	if problem := s.collect(tree); problem != "" {
		s.fail(Place{File: o.Path}, "Invalid Terraform state", "The file is no state: %s.", problem)
		return s.done()
	}
	s.hostsOf()
	return s.done()
}

// A state is a state being read.
type state struct {
	*builder
	options   TerraformOptions
	machines  map[string][]string
	instances []instance
}

// An instance is one machine of a resource.
type instance struct {
	typ, name string // of the resource
	address   string // Terraform's: module.a.aws_instance.web[0]
	at        Place
	values    *node
	host      string // its name as a host
	unfit     string // what is wrong with a name that cannot be that of a host
}

// wanted reports whether resources of a type are hosts.
func (s *state) wanted(typ string) bool {
	if len(s.options.Types) > 0 {
		return slices.Contains(s.options.Types, typ)
	}
	return s.machines[typ] != nil
}

// collect finds the instances. It says what is wrong with the file.
func (s *state) collect(tree *node) string {
	version, _ := tree.member("version").scalar()
	switch {
	case tree.member("encrypted_data") != nil:
		return "it is encrypted; use what \"tofu show -json\" prints"
	case tree.member("planned_values") != nil:
		return "it is a plan"
	case tree.member("format_version") != nil:
		if root := tree.find("values.root_module"); root != nil {
			s.module(root, 0)
		}
		return ""
	case version == "4":
		for _, r := range tree.member("resources").list() {
			s.resource(&r)
		}
		return ""
	case version != "":
		return fmt.Sprintf("version %q of the format is not known; any command of a newer Terraform, or \"terraform show -json\", writes one that is", clean(version, 10))
	}
	return "it has neither the version of a state nor that of \"terraform show -json\""
}

// list are the elements of a list; none for other nodes.
func (n *node) list() []node {
	if n == nil || n.kind != listNode {
		return nil
	}
	return n.items
}

// resource takes a resource of a state file, with its instances.
func (s *state) resource(r *node) {
	mode, _ := r.member("mode").scalar()
	typ, _ := r.member("type").scalar()
	name, _ := r.member("name").scalar()
	if mode != "managed" || !s.wanted(typ) {
		return
	}
	address := typ + "." + name
	if module, ok := r.member("module").scalar(); ok {
		address = module + "." + address
	}
	for _, i := range r.member("instances").list() {
		values := i.member("attributes")
		if values == nil || i.member("deposed") != nil {
			continue
		}
		for _, path := range i.member("sensitive_attributes").list() {
			hide(values, path.list())
		}
		s.instances = append(s.instances, instance{
			typ: typ, name: name, address: address + indexText(i.member("index_key")),
			at: Place{s.options.Path, int(i.line)}, values: values,
		})
	}
}

func indexText(n *node) string {
	text, ok := n.scalar()
	switch {
	case !ok:
		return ""
	case n.kind == numberNode:
		return "[" + text + "]"
	}
	return "[" + strconv.Quote(text) + "]"
}

// hide removes the value that a path of a state file leads to. Where it cannot
// be followed to its end, all below is hidden.
func hide(values *node, path []node) {
	n := values
	for _, step := range path {
		value := step.member("value")
		if deeper := value.member("value"); deeper != nil { // an index, with its type
			value = deeper
		}
		text, ok := value.scalar()
		if !ok {
			break
		}
		next := n.step(text)
		if next == nil { // a value of any type is written with its type
			next = n.member("value").step(text)
		}
		if next == nil {
			break
		}
		n = next
	}
	if n != values {
		n.erase()
	}
}

// step is an element of an object or a list.
func (n *node) step(name string) *node {
	if n == nil || n.kind != listNode {
		return n.member(name)
	}
	i, err := strconv.Atoi(name)
	if err != nil || i < 0 || i >= len(n.items) {
		return nil
	}
	return &n.items[i]
}

// erase makes the node null.
func (n *node) erase() { n.kind, n.text, n.items = nullNode, "", nil }

// maxModules bounds how deep modules may be nested.
const maxModules = maxNesting

// module takes a module of "terraform show -json", with those below it.
func (s *state) module(m *node, depth int) {
	for _, r := range m.member("resources").list() {
		mode, _ := r.member("mode").scalar()
		typ, _ := r.member("type").scalar()
		name, _ := r.member("name").scalar()
		address, _ := r.member("address").scalar()
		values := r.member("values")
		if mode != "managed" || !s.wanted(typ) || values == nil || r.member("deposed_key") != nil {
			continue
		}
		hideMarked(values, r.member("sensitive_values"))
		s.instances = append(s.instances, instance{typ: typ, name: name, address: address, at: Place{s.options.Path, int(r.line)}, values: values})
	}
	if depth < maxModules {
		for _, child := range m.member("child_modules").list() {
			s.module(&child, depth+1)
		}
	}
}

// hideMarked removes the values that marks has true for.
func hideMarked(n, marks *node) {
	if n == nil || marks == nil {
		return
	}
	if marks.kind == boolNode {
		if marks.text == "true" {
			n.erase()
		}
		return
	}
	for i := range marks.items {
		m := &marks.items[i]
		name := m.name
		if marks.kind == listNode {
			name = strconv.Itoa(i)
		}
		hideMarked(n.step(name), m)
	}
}

// simple makes a value of the language of a text, a number, a boolean or a list
// of these.
func simple(n *node) (cty.Value, bool) {
	if _, ok := n.scalar(); ok {
		return n.value(), true
	}
	for _, item := range n.list() {
		if _, ok := item.scalar(); !ok {
			return cty.NilVal, false
		}
	}
	return n.value(), n.kind == listNode
}

// resourceName makes a resource's address a name for a host.
func resourceName(address string) string {
	var b strings.Builder
	for _, r := range address {
		switch {
		case r == ']' || r == '"':
		case strings.ContainsRune(alphanumeric+"_.-", r):
			b.WriteRune(r)
		default:
			b.WriteByte('-')
		}
	}
	return strings.TrimLeft(b.String(), "-")
}
