package tasks_test

import (
	"context"
	"fmt"

	"fleet/internal/sshconfig"
	"fleet/inventory"
	"fleet/tasks"
)

func Example() {
	inv, found := inventory.Load(context.Background(), inventory.Options{
		Paths: []string{"testdata/rollout"},
		SSH:   sshconfig.Files{User: "none"},
	})
	set, more := tasks.Load(inv)
	if found = append(found, more...); found.HasErrors() {
		fmt.Println(found.Err())
		return
	}
	plan, found, err := set.Plan(tasks.Options{Names: []string{"deploy"}})
	if err != nil || found.HasErrors() {
		fmt.Println(err, found.Err())
		return
	}
	for _, t := range plan.Tasks {
		fmt.Printf("%s on %s: %d hosts\n", t.Name, t.Selection(), len(t.Hosts))
		for i, b := range t.Batches {
			fmt.Printf("  batch %d: %s to %s\n", i+1, t.Hosts[b.Hosts[0]].Name, t.Hosts[b.Hosts[len(b.Hosts)-1]].Name)
		}
		if t.Rollout != nil {
			fmt.Printf("  ends early when more than %d hosts failed\n", t.MaxFailures)
		}
	}
	// Output:
	// migrate on @db: 1 hosts
	//   batch 1: db1 to db1
	// deploy on @web: 8 hosts
	//   batch 1: web01 to web01
	//   batch 2: web02 to web05
	//   batch 3: web06 to web08
	//   ends early when more than 2 hosts failed
}
