//go:build !windows

package transfer_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"fleet/pool/transfer"
	"fleet/transport"
)

// A file is written where it differs, and left alone where it does not. Here the host
// is this machine; a pool's connections to others serve as well.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	host := &transfer.Host{Transport: transport.Local{}, Target: transport.Target{Name: "localhost"}}
	remote, err := transfer.Open(ctx, host)
	if err != nil {
		log.Fatal(err)
	}
	defer remote.Close()

	source := transfer.NewSource("greeting", []byte("hello\n"), 0o644)
	defer source.Close()
	for range 2 {
		report, err := remote.Put(ctx, source, &transfer.PutOptions{Destination: filepath.Join(dir, "greeting.txt")})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("changed: %v, %d bytes sent\n", report.Changed(), report.Bytes)
	}
	// Output:
	// changed: true, 6 bytes sent
	// changed: false, 0 bytes sent
}
