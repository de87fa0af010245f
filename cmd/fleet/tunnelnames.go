package main

import (
	"fmt"
	"strings"

	"fleet/inventory"
)

// nothingToOpen is the error for a command line that opens nothing. It names what
// there is to open.
func nothingToOpen(inv *inventory.Inventory) error {
	names := tunnelNames(inv)
	if len(names) == 0 {
		return &usageError{err: badUsage("there is nothing to open"), hint: "as with ssh: fleet tunnel -w db1 -L 15432:localhost:5432"}
	}
	return &usageError{err: badUsage("no tunnel is named"), hint: "the inventory has " + plainList(names) + "; others are opened with -L, -R and -D"}
}

// noTunnel says for a name that is no tunnel what there is.
func noTunnel(inv *inventory.Inventory, err error) error {
	names := tunnelNames(inv)
	hint := "the inventory has " + plainList(names)
	if len(names) == 0 {
		hint = "the inventory has no tunnel block; without one: fleet tunnel -w HOST -L PORT:HOST:PORT"
	}
	if strings.Contains(err.Error(), "did you mean") {
		hint = ""
	}
	return &usageError{err: err, hint: hint}
}

func tunnelNames(inv *inventory.Inventory) []string {
	var names []string
	for _, t := range inv.Tunnels() {
		names = append(names, t.Name)
	}
	return names
}

// plainList is a, b and c; of many the first ones.
func plainList(names []string) string {
	const most = 10
	if n := len(names); n > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n-most)
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}
