package lang

import (
	"errors"

	ctyyaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"go.yaml.in/yaml/v3"
)

// yamldecodeFunc is go-cty-yaml's, which follows aliases and nesting without a
// limit: the document is read as a tree first, in which an alias is one node.
func yamldecodeFunc(t *table) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "src", Type: cty.String}},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			src := []byte(args[0].AsString())
			if !t.scope.budget.pay(len(src) / 2) {
				return cty.DynamicVal, errTooExpensive()
			}
			var doc yaml.Node
			if err := yaml.Unmarshal(src, &doc); err != nil {
				return cty.DynamicVal, function.NewArgError(0, err)
			}
			m := yamlMeasure{limit: tooMuch, sizes: map[*yaml.Node]int{}}
			size := m.size(&doc, 0)
			switch {
			case m.tooDeep:
				return cty.DynamicVal, errors.New("it nests too deep")
			case !t.scope.budget.pay(times(size, 2)):
				return cty.DynamicVal, errTooExpensive()
			}
			ty, err := ctyyaml.Standard.ImpliedType(src)
			if err != nil {
				return cty.DynamicVal, function.NewArgError(0, err)
			}
			v, err := ctyyaml.Standard.Unmarshal(src, ty)
			if err != nil {
				return cty.DynamicVal, function.NewArgError(0, err)
			}
			return v, nil
		},
	})
}

// yamlMeasure counts the nodes that a document has when all aliases are
// followed.
type yamlMeasure struct {
	limit   int
	tooDeep bool
	sizes   map[*yaml.Node]int // of what aliases stand for
}

func (m *yamlMeasure) size(n *yaml.Node, depth int) int {
	if depth > maxDepth {
		m.tooDeep = true
		return 1
	}
	if n.Kind == yaml.AliasNode {
		if size, ok := m.sizes[n.Alias]; ok {
			return size
		}
		m.sizes[n.Alias] = 1 // for one that stands in itself, which is refused later
		size := m.size(n.Alias, depth+1)
		m.sizes[n.Alias] = size
		return size
	}
	size := 1 + len(n.Value)/32
	for _, child := range n.Content {
		size = min(size+m.size(child, depth+1), m.limit)
	}
	return size
}
