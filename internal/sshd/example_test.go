package sshd_test

import (
	"context"
	"fmt"
	"net"

	"fleet/internal/sshd"

	"golang.org/x/crypto/ssh"
)

// A server that answers commands without starting processes, and a client of
// it.
func Example() {
	key, err := sshd.NewKey()
	if err != nil {
		panic(err)
	}
	server, err := sshd.New(sshd.Config{
		AuthorizedKeys: []ssh.PublicKey{key.PublicKey()},
		Exec: func(_ context.Context, e *sshd.Exec) int {
			fmt.Fprintf(e.Stdout, "%s ran %s\n", e.User, e.Command)
			return 0
		},
	})
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	done := make(chan error)
	go func() { done <- server.Serve(listener) }()

	client, err := ssh.Dial("tcp", listener.Addr().String(), &ssh.ClientConfig{
		User:            "op",
		Auth:            []ssh.AuthMethod{ssh.PublicKeys(key)},
		HostKeyCallback: ssh.FixedHostKey(server.HostKey()),
	})
	if err != nil {
		panic(err)
	}
	session, err := client.NewSession()
	if err != nil {
		panic(err)
	}
	out, err := session.Output("uptime")
	fmt.Printf("%s%v\n", out, err)

	fmt.Println(server.Close(), <-done)
	// Output:
	// op ran uptime
	// <nil>
	// <nil> <nil>
}
