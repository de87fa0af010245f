package tunnel_test

import (
	"context"
	"fmt"
	"io"
	"net"

	"fleet/internal/forward"
	"fleet/pool/tunnel"
	"fleet/transport"
)

func Example() {
	// The service that is only reached through the host.
	service, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer service.Close()
	go func() { // ends with its one connection
		nc, err := service.Accept()
		if err == nil {
			_, _ = io.WriteString(nc, "hello from afar")
			_ = nc.Close()
		}
	}()

	rule, err := forward.Parse(forward.Local, "0:"+service.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	// A pool.Pool in place of transport.Local reaches real hosts.
	set, err := tunnel.New(tunnel.Config{Transport: transport.Local{}}, []tunnel.Spec{
		{Target: transport.Target{Name: "db1", User: "me"}, Rules: []forward.Rule{rule}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer set.Close()
	set.Start(context.Background())
	if err := set.Ready(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	st := set.Status()[0]
	nc, err := net.Dial(st.Listen.Network, st.Listen.Address)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer nc.Close()
	text, err := io.ReadAll(nc)
	fmt.Println(st.Host, st.State, string(text), err)
	// Output: db1 ready hello from afar <nil>
}
