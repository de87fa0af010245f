package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"fleet/internal/nodeset"
	"fleet/inventory"
)

// A selectionError is a selection that found no hosts, with the inventory that
// was looked in: it may be one that the user did not think of.
type selectionError struct {
	err  error
	hint string // what to do in place of it; may be empty
	from string // the inventory
}

func (e *selectionError) Unwrap() error { return e.err }

func (e *selectionError) Error() string {
	if e.hint == "" {
		return e.err.Error()
	}
	return e.err.Error() + "; hint: " + e.hint
}

// choose carries out a selection, and checks what is made for each of its hosts.
func (a *app) choose(inv *inventory.Inventory, sel *selectionFlags, o inventory.SelectOptions) ([]*inventory.Host, error) {
	hosts, err := inv.Select(o)
	var (
		syntax *nodeset.Error
		system syscall.Errno // a list that could not be read
	)
	switch {
	case err == nil:
		return hosts, a.diagnose(inv.Check(hosts))
	case errors.As(err, &syntax), errors.As(err, &system):
		return nil, err
	}
	if !inv.Open() && len(inv.Hosts()) == 0 {
		err = errors.New("there are no hosts in the inventory")
	}
	e := &selectionError{err: err}
	if !strings.Contains(err.Error(), "hint: ") {
		for _, word := range words(&o) {
			if user, port := sshParts(word); user != "" {
				e.hint = "the login user is -l " + user
			} else if port != "" {
				e.hint = "the port is -p " + port
			}
		}
	}
	if !inv.Open() {
		e.from = a.inventoryText(sel)
	}
	return nil, e
}

// refusePorts refuses names with a port, which without an inventory would be
// looked up as they are.
func refusePorts(inv *inventory.Inventory, hosts []*inventory.Host) error {
	if !inv.Open() {
		return nil
	}
	for _, h := range hosts {
		if _, port := sshParts(h.Name); port != "" {
			return &usageError{err: fmt.Errorf("%q has a port, which is no part of a name", h.Name), hint: "the port is -p " + port}
		}
	}
	return nil
}

func words(o *inventory.SelectOptions) []string {
	return append(append(append([]string(nil), o.Hosts...), o.Exclude...), o.Limit...)
}

// sshParts finds the user in user@host and the port in host:port, which are
// flags of fleet. Either may be empty.
func sshParts(word string) (user, port string) {
	if i := strings.LastIndexByte(word, '@'); i > 0 && strings.Trim(word[:i], letters+"._-") == "" {
		user = word[:i]
	}
	host, digits, ok := strings.Cut(word, ":")
	if n, err := strconv.ParseUint(digits, 10, 16); ok && host != "" && err == nil && n > 0 {
		port = digits
	}
	return user, port
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// inventoryText says which inventory is loaded, and why that one.
func (a *app) inventoryText(sel *selectionFlags) string {
	list := a.env.value("FLEET_INVENTORY")
	switch {
	case len(sel.inventories) > 0:
		return strings.Join(sel.inventories, ", ")
	case list != "":
		return list + " (FLEET_INVENTORY)"
	default:
		return "the *.fleet.hcl files of this folder (no -i was given)"
	}
}
