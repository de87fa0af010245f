package lang

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// A BlockDef defines a type of block. The decoder, the reference page and the
// schema for editors are made from it, so that they cannot differ.
type BlockDef struct {
	Type string
	// Kind is the first label where it says what may be inside:
	// source "exec" "cloud".
	Kind string
	// Labels names the labels after that: "name".
	Labels []string
	Doc    string
	Attrs  []AttrDef
	Blocks []*BlockDef
	// Many says that a body may have several of it.
	Many bool
	// Any says that its attributes have names of the user's choice.
	Any bool
	// Example is a block as one would write it.
	Example string
}

// An AttrDef defines an attribute.
type AttrDef struct {
	Name string
	// Type is how the language writes it: string, number, bool, duration, any,
	// list(string), map(string), map(any).
	Type     string
	Doc      string
	Default  string // in words; may be empty
	Required bool
	// Words are the only values of a string; nil allows all.
	Words []string
}

// Header is what the block looks like from outside.
func (b *BlockDef) Header() hcl.BlockHeaderSchema {
	labels := slices.Clone(b.Labels)
	if b.Kind != "" {
		labels = append([]string{"kind"}, labels...)
	}
	return hcl.BlockHeaderSchema{Type: b.Type, LabelNames: labels}
}

// Body is what may be inside of the block.
func (b *BlockDef) Body() *hcl.BodySchema {
	s := &hcl.BodySchema{}
	for _, a := range b.Attrs {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: a.Name, Required: a.Required})
	}
	for _, inner := range b.Blocks {
		s.Blocks = append(s.Blocks, inner.Header())
	}
	return s
}

// Definitions are the blocks that every project may have: variables and locals.
func Definitions() []*BlockDef { return []*BlockDef{variableDef(), localsDef()} }

func variableDef() *BlockDef {
	return &BlockDef{
		Type: "variable", Labels: []string{"name"}, Many: true,
		Doc: "A value that is given from outside: `var.NAME`.",
		Attrs: []AttrDef{
			{Name: "type", Type: "type", Doc: "Type constraint, as in Terraform: `string`, `list(number)`, `object({ port = optional(number, 80) })`.", Default: "any"},
			{Name: "default", Type: "any", Doc: "Value where none is given. Without it one must be given."},
			{Name: "description", Type: "string", Doc: "What it is for."},
			{Name: "nullable", Type: "bool", Doc: "Whether `null` may be given.", Default: "true"},
			{Name: "sensitive", Type: "bool", Doc: "Whether the value, and all made from it, is kept from every output.", Default: "false"},
		},
		Blocks: []*BlockDef{validationDef()},
		Example: `variable "env" {
  type    = string
  default = "staging"
  validation {
    condition     = contains(["staging", "prod"], var.env)
    error_message = "env must be staging or prod."
  }
}`,
	}
}

func validationDef() *BlockDef {
	return &BlockDef{
		Type: "validation", Many: true, Doc: "A condition that the value must meet.",
		Attrs: []AttrDef{
			{Name: "condition", Type: "bool", Doc: "What must be true.", Required: true},
			{Name: "error_message", Type: "string", Doc: "What to say where it is not.", Required: true},
		},
	}
}

func localsDef() *BlockDef {
	return &BlockDef{
		Type: "locals", Many: true, Any: true,
		Doc: "Values under names of your own: `local.NAME`. They may be made from variables and other locals.",
		Example: `locals {
  domain = "${var.env}.example.net"
}`,
	}
}
