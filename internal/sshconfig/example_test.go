package sshconfig_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"fleet/internal/sshconfig"
)

func Example() {
	dir, err := os.MkdirTemp("", "sshconfig")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "config")
	text := "Host web*\n  HostName %h.example.com\n  ProxyJump bastion\nHost *\n  User deploy\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		panic(err)
	}

	config, err := sshconfig.Load(sshconfig.Files{User: path})
	if err != nil {
		panic(err)
	}
	r, err := config.Resolve(context.Background(), sshconfig.Query{Host: "web1", Options: []string{"Port=2222"}})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s@%s:%s through %s\n", r.Value("User"), r.Value("HostName"), r.Value("Port"), r.Value("ProxyJump"))
	fmt.Println("the port is from", r.Origin("Port"))
	// Output:
	// deploy@web1.example.com:2222 through bastion
	// the port is from -o
}
