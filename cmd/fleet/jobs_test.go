package main

import (
	"errors"
	"testing"

	"fleet/transport"
)

func TestBecomeFlagsWinOverTheInventory(t *testing.T) {
	secret := transport.NewSecret("asked")
	doas := &transport.Become{Method: "doas", User: "app", Password: transport.NewSecret("stored")}
	how := &transport.Become{Method: "doas"}
	tests := []struct {
		name      string
		flags     becomeFlags
		inventory *transport.Become
		password  transport.Secret
		want      *transport.Become
	}{
		{name: "nothing", want: nil},
		{name: "inventory alone", inventory: doas, want: doas},
		{name: "an inventory that says how, and not who", inventory: how, want: nil},
		{name: "-s as the inventory says", flags: becomeFlags{sudo: true}, inventory: how, want: &transport.Become{Method: "doas", User: "root"}},
		{name: "-s", flags: becomeFlags{sudo: true}, want: &transport.Become{Method: "sudo", User: "root"}},
		{name: "--become", flags: becomeFlags{user: "app"}, want: &transport.Become{Method: "sudo", User: "app"}},
		{name: "-s over the inventory", flags: becomeFlags{sudo: true}, inventory: doas, want: &transport.Become{Method: "doas", User: "root", Password: doas.Password}},
		{name: "-K keeps the user", flags: becomeFlags{askPass: true}, inventory: doas, password: secret, want: &transport.Become{Method: "doas", User: "app", Password: secret}},
		{name: "-K alone asks, and nothing else", flags: becomeFlags{askPass: true}, password: secret, want: nil},
		{name: "-s with -K", flags: becomeFlags{sudo: true, askPass: true}, password: secret, want: &transport.Become{Method: "sudo", User: "root", Password: secret}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.flags.over(tt.inventory, tt.password)
			if (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestMistakesThatHostsShareAreToldOnce(t *testing.T) {
	var m mistakes
	if err := m.err(); err != nil {
		t.Errorf("nothing is wrong, and it says %v", err)
	}
	m.add("web1", errors.New("no key"))
	m.add("db1", errors.New("no port"))
	m.add("web2", errors.New("no key"))
	if got, want := m.err().Error(), "web[1-2]: no key\ndb1: no port"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, text := range []string{"a", "b", "c", "d", "e"} {
		m.add("web3", errors.New(text))
	}
	if got, want := m.err().Error(), "web[1-2]: no key\ndb1: no port\nweb3: a\nweb3: b\nweb3: c\nand 2 mistakes more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
