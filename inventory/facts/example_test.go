package facts_test

import (
	"context"
	"fmt"

	"fleet/inventory/facts"
	"fleet/transport"
)

func Example() {
	// A pool, in a program; here hosts that are made up.
	hosts := &fleet{answer: says("os=Linux\narch=aarch64\ndistro=debian\ncpus=4\nmemory_kib=8192000\n")}

	g := facts.New(facts.Config{Transport: hosts})
	found, failed := g.Gather(context.Background(), []transport.Target{{Name: "web1"}})
	for host, err := range failed {
		fmt.Println(host, err)
	}
	v := found["web1"]
	fmt.Println(v.GetAttr("distro").AsString(), v.GetAttr("arch").AsString())
	fmt.Println(v.GetAttr("memory").AsBigFloat(), "MiB")
	fmt.Println(v.GetAttr("kernel").IsNull())
	// Output:
	// debian aarch64
	// 8000 MiB
	// true
}
