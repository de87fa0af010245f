package main

import (
	"io"
	"os"
)

// An env is what fleet sees of the process it runs in. Where a stream is a
// terminal, it is an *os.File.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	lookup         func(name string) (value string, ok bool) // as os.LookupEnv
}

// processEnv is the env of this process.
func processEnv() env {
	return env{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, lookup: os.LookupEnv}
}

// value is the variable name of the environment, empty where it is not set.
func (e *env) value(name string) string {
	v, _ := e.lookup(name)
	return v
}
