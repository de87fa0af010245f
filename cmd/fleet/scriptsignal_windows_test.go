package main

import "github.com/rogpeppe/go-internal/testscript"

func newMark() string { return "" }

func signalCommand(ts *testscript.TestScript, _ bool, _ []string) { ts.Fatalf("there are no signals") }

func goneCommand(ts *testscript.TestScript, _ bool, _ []string) { ts.Fatalf("there is no /proc") }
