package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// With this, writing to a closed pipe is an error and not a sudden death.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	os.Exit(run(context.Background(), os.Args[1:], processEnv()))
}
