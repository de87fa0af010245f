//go:build !windows

package pool_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"

	"fleet/pool"
	"fleet/transport"
)

// fullMain uses up all file descriptors and then dials.
func fullMain() int {
	addr, err := net.ResolveTCPAddr("tcp", os.Getenv(jobEnv))
	if err != nil {
		return 1
	}
	few := syscall.Rlimit{Cur: 64, Max: 64}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few) != nil {
		return 1
	}
	p := pool.New(pool.Config{})
	defer p.Close()
	var held []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		held = append(held, f)
	}
	_, err = p.Run(context.Background(), targetAt(addr), &transport.Command{Script: "true"})
	fmt.Printf("%s: %v\n", transport.KindOf(err), err)
	for _, f := range held {
		_ = f.Close()
	}
	return 0
}
