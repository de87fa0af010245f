package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func main() {
	// With this, writing to a closed pipe is an error and not a sudden death.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	// A large inventory is read in one go, and most of what is made stays: looking
	// for garbage half as often saves a third of the time. A run sets its own.
	debug.SetGCPercent(200)
	os.Exit(run(context.Background(), os.Args[1:], processEnv()))
}
