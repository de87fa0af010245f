//go:build !windows

package pool_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"

	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
)

// Two commands on one host share its connection.
func ExamplePool() {
	server, err := sshd.New(sshd.Config{NoAuth: true, Home: os.TempDir()})
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()

	p := pool.New(pool.Config{Linger: -1})
	web1 := transport.Target{
		Name:    "web1",
		Address: "127.0.0.1",
		Port:    listener.Addr().(*net.TCPAddr).Port,
		User:    "op",
		HostKey: transport.HostKey{Policy: transport.HostKeyOff}, // never so outside of an example
	}
	for _, script := range []string{"echo hello from $0", "exit 3"} {
		var out bytes.Buffer
		status, err := p.Run(context.Background(), web1, &transport.Command{Script: script, Stdout: &out})
		fmt.Printf("%q, status %d, error %v\n", out.String(), status.Code, err)
	}
	fmt.Println(len(p.Snapshot().Connections), "connection")

	fmt.Println(p.Close(), server.Close(), <-served)
	// Output:
	// "hello from sh\n", status 0, error <nil>
	// "", status 3, error <nil>
	// 1 connection
	// <nil> <nil> <nil>
}
