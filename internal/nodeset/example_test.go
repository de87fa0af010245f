package nodeset_test

import (
	"fmt"
	"slices"

	"fleet/internal/nodeset"
)

func Example() {
	names, err := nodeset.Expand("web[08-11]!web10")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(names)
	fmt.Println(nodeset.Fold(names))
	// Output:
	// [web08 web09 web11]
	// web[08-09,11]
}

// racks is a resolver that knows two groups and nothing else.
type racks map[string][]string

func (r racks) Resolve(t nodeset.Term, patterns []string) ([]string, error) {
	if t.Kind != nodeset.Group {
		return nodeset.Names{}.Resolve(t, patterns)
	}
	var names []string
	for _, group := range patterns {
		hosts, ok := r[group]
		if !ok {
			return nil, fmt.Errorf("column %d: no group %q", t.Pos, group)
		}
		names = slices.Concat(names, hosts)
	}
	return names, nil
}

func ExampleExpr_Eval() {
	known := racks{"rack1": {"n1", "n2", "n3"}, "rack2": {"n4", "n5"}}
	for _, expr := range []string{"@rack[1-2]!n[2-4]", "n1,@rack7"} {
		e, err := nodeset.Parse(expr)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(e.Eval(known))
	}
	// Output:
	// [n1 n5] <nil>
	// [] column 4: no group "rack7"
}

func ExampleParse_mistake() {
	_, err := nodeset.Parse("@web,!web07")
	fmt.Println(err)
	// Output:
	// host expression "@web,!web07", column 6: '!' follows ',' with nothing in between; hint: write a!b, without the comma
}
