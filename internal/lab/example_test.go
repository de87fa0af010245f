//go:build unix

package lab_test

import (
	"context"
	"fmt"
	"strings"

	"fleet/internal/lab"
)

// Three hosts, one of which nobody listens on.
func Example() {
	l, err := lab.Up(context.Background(), lab.Options{N: 3, Faults: []string{"refuse=lab03"}})
	if err != nil {
		panic(err)
	}
	defer func() { _ = l.Close() }()
	for _, h := range l.Hosts {
		fmt.Println(h.Name, h.Address, strings.Join(h.Groups, ","), h.Faults)
	}
	// Output:
	// lab01 127.0.0.1 web,ams []
	// lab02 127.0.0.1 web,fra []
	// lab03 127.0.0.1 web,ams,faulty [refuse]
}
