package inventory_test

import (
	"context"
	"fmt"

	"fleet/internal/sshconfig"
	"fleet/inventory"
)

func Example() {
	inv, diags := inventory.Load(context.Background(), inventory.Options{
		Paths: []string{"../examples/quickstart"},
		SSH:   sshconfig.Files{User: "none"},
	})
	if diags.HasErrors() {
		fmt.Println(diags.Err())
		return
	}
	hosts, err := inv.Select(inventory.SelectOptions{Hosts: []string{"@prod!web[02-04]"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, h := range hosts {
		t, err := inv.Target(context.Background(), h)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: %s@%s over %s, protected by %q\n", h.Name, t.User, t.Addr(), t.Jump[0].Addr(), h.Protected())
	}
	// Output:
	// db1: deploy@10.0.3.10:2222 over 203.0.113.7:22, protected by "prod"
	// db2: deploy@db2:2222 over 203.0.113.7:22, protected by "prod"
	// web01: deploy@web01:22 over 203.0.113.7:22, protected by "prod"
}
