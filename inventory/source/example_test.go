package source_test

import (
	"context"
	"fmt"

	"fleet/inventory/source"
)

func Example() {
	d := source.Exec(context.Background(), source.ExecOptions{
		Command: []string{"echo", `{"web": {"hosts": ["web1", "web2"], "vars": {"ansible_user": "deploy"}}}`},
	})
	for _, p := range d.Problems {
		fmt.Println(p.At, p.Summary, p.Detail)
	}
	for _, g := range d.Groups {
		fmt.Println(g.Name, g.Hosts, g.Settings["user"].AsString())
	}
	// Output:
	// web [web1 web2] deploy
}
