package ansible_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"fleet/inventory/source/ansible"
)

func Example() {
	dir, err := os.MkdirTemp("", "inventory")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	hosts := filepath.Join(dir, "hosts")
	text := "[web]\nweb[01:03] ansible_port=2222\n\n[web:vars]\nproxy=none\n"
	if err := os.WriteFile(hosts, []byte(text), 0o600); err != nil {
		fmt.Println(err)
		return
	}

	data := ansible.Load(context.Background(), ansible.Options{Path: hosts})
	for _, p := range data.Problems {
		fmt.Println(p.Summary, p.Detail)
	}
	for _, h := range data.Hosts {
		fmt.Println(h.Name, h.Settings["port"].AsString())
	}
	g := data.Groups[0]
	fmt.Println(g.Name, g.Hosts, g.Vars["proxy"].AsString(), "from line", g.Vars["proxy"].At.Line)
	// Output:
	// web01 2222
	// web02 2222
	// web03 2222
	// web [web01 web02 web03] none from line 5
}
