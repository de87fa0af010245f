package portuser_test

import (
	"fmt"
	"net"

	"fleet/internal/portuser"
)

func Example() {
	_, err := net.Listen("tcp", "127.0.0.1:5432")
	if err == nil {
		return
	}
	if holder, ok := portuser.Holder("tcp", "127.0.0.1:5432"); ok {
		fmt.Printf("127.0.0.1:5432 is held by %s\n", holder)
	}
}
