package main

import (
	"os"
	"path/filepath"
	"testing"

	"fleet/inventory"
)

func TestThePasswordPromptNamesWhatIsUsed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.fleet.hcl")
	if err := os.WriteFile(path, []byte(`
host "plain" {}
host "doas" {
  connection {
    become { method = "doas" }
  }
}
host "su" {
  connection {
    become {
      method = "su"
      user   = "app"
    }
  }
}
host "sudo" {
  connection {
    become { user = "app" }
  }
}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	inv, found := inventory.Load(t.Context(), inventory.Options{Paths: []string{path}})
	if found.HasErrors() {
		t.Fatal(found)
	}
	tests := []struct {
		flags becomeFlags
		hosts []string
		want  string
	}{
		{becomeFlags{sudo: true}, []string{"plain"}, "sudo"},
		{becomeFlags{user: "db"}, []string{"plain"}, "sudo to db"},
		{becomeFlags{user: "root"}, []string{"plain"}, "sudo to root"},
		{becomeFlags{sudo: true}, []string{"doas"}, "doas"},
		{becomeFlags{}, []string{"su"}, "su to app"},
		{becomeFlags{}, []string{"plain", "su"}, "su to app"},
		{becomeFlags{sudo: true}, []string{"su"}, "su"},
		{becomeFlags{}, []string{"su", "sudo"}, "su, sudo to app"},
		{becomeFlags{user: "db"}, []string{"sudo", "doas", "plain"}, "doas, sudo to db"},
	}
	for _, tt := range tests {
		hosts, err := inv.Select(inventory.SelectOptions{Hosts: tt.hosts})
		if err != nil {
			t.Fatal(err)
		}
		if got := becomeText(&tt.flags, hosts); got != tt.want {
			t.Errorf("%+v on %v: got %q, want %q", tt.flags, tt.hosts, got, tt.want)
		}
	}
}
