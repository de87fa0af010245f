//go:build !windows

package agent_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"fleet/agent"
	"fleet/transport"
)

// A server lends a transport, here that of this machine, to a client in another
// process; this example has both in one.
func ExampleServer() {
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "agent.sock")
	ln, err := agent.Listen(socket)
	if err != nil {
		log.Fatal(err)
	}
	server := agent.NewServer(agent.Config{Transport: transport.Local{}})
	served := make(chan error)
	go func() { served <- server.Serve(context.Background(), ln) }() // ends with Stop

	client, err := agent.Dial(context.Background(), socket)
	if err != nil {
		log.Fatal(err)
	}
	status, err := client.Run(context.Background(), transport.Target{Name: "here"}, &transport.Command{Script: "echo hello", Stdout: os.Stdout})
	fmt.Println(status.Code, err)
	fmt.Println(client.Stop(context.Background(), false), <-served)
	// Output:
	// hello
	// 0 <nil>
	// <nil> <nil>
}
