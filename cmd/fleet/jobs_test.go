package main

import (
	"testing"

	"fleet/transport"
)

func TestBecomeFlagsWinOverTheInventory(t *testing.T) {
	secret := transport.NewSecret("asked")
	doas := &transport.Become{Method: "doas", User: "app", Password: transport.NewSecret("stored")}
	tests := []struct {
		name      string
		flags     becomeFlags
		inventory *transport.Become
		password  transport.Secret
		want      *transport.Become
	}{
		{name: "nothing", want: nil},
		{name: "inventory alone", inventory: doas, want: doas},
		{name: "-s", flags: becomeFlags{sudo: true}, want: &transport.Become{Method: "sudo", User: "root"}},
		{name: "--become", flags: becomeFlags{user: "app"}, want: &transport.Become{Method: "sudo", User: "app"}},
		{name: "-s over the inventory", flags: becomeFlags{sudo: true}, inventory: doas, want: &transport.Become{Method: "doas", User: "root", Password: doas.Password}},
		{name: "-K keeps the user", flags: becomeFlags{askPass: true}, inventory: doas, password: secret, want: &transport.Become{Method: "doas", User: "app", Password: secret}},
		{name: "-K alone is root", flags: becomeFlags{askPass: true}, password: secret, want: &transport.Become{Method: "sudo", User: "root", Password: secret}},
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
