package credential_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log"
	"net"

	"golang.org/x/crypto/ssh"

	"fleet/pool/credential"
	"fleet/transport"
)

// A login is prepared before the host is dialed, and steers the handshake.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client, done := passwordServer("sesame")
	defer done()

	store := &credential.Store{}
	defer store.Close()
	target := &transport.Target{
		Name: "web1", User: "deploy",
		Login: transport.Login{Password: transport.NewSecret("sesame")},
	}
	login, err := store.Login(ctx, target)
	if err != nil {
		log.Fatal(err)
	}
	conn, _, _, err := ssh.NewClientConn(client, "web1:22", &ssh.ClientConfig{
		User: target.User, AuthCallback: login.Next,
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), // package hostkey does that
	})
	if refused := login.Refused(err); refused != nil {
		log.Fatalf("%v; hint: %s", refused, refused.Hint())
	}
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	for _, a := range login.Log(err).Attempts {
		fmt.Println(a.Method, a.Outcome)
	}
	// Output:
	// password accepted
}

// passwordServer serves one connection that wants a password.
func passwordServer(want string) (client net.Conn, done func()) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		log.Fatal(err)
	}
	cfg := &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, got []byte) (*ssh.Permissions, error) {
		if string(got) != want {
			return nil, fmt.Errorf("wrong password")
		}
		return nil, nil
	}}
	cfg.AddHostKey(signer)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	client, err = net.Dial("tcp", ln.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	server, err := ln.Accept()
	if err != nil {
		log.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if conn, _, _, err := ssh.NewServerConn(server, cfg); err == nil {
			_ = conn.Wait()
		}
	}()
	return client, func() {
		client.Close()
		<-ended
		ln.Close()
	}
}
