package inventory

import (
	"context"
	"errors"
	"strings"
	"testing"

	"fleet/transport"
)

const secretHCL = `
secret "sudo" { prompt = true }
secret "other" { env = "OTHER" }
locals { both = "${secret.sudo}-${secret.other}" }
group "web" {
  hosts = ["web1"]
  vars  = { token = secret.other }
  connection {
    become {
      user     = "app"
      password = local.both
    }
  }
}
group "db" {
  hosts = ["db1"]
  connection {
    become { password = "${secret.sudo}" }
  }
}
host "plain" {}
`

func TestSecretsAreFetchedWhenAHostNeedsThem(t *testing.T) {
	var asked []string
	inv := load(t, secretHCL, func(o *Options) {
		o.Secrets.LookupEnv = func(name string) (string, bool) { return "from " + name, name == "OTHER" }
		o.Secrets.Ask = func(_ context.Context, question string) (transport.Secret, error) {
			asked = append(asked, question)
			return transport.NewSecret("hunter2"), nil
		}
	})
	if p, err := inv.BecomePassword(t.Context(), lookup(t, inv, "plain")); p.IsSet() || err != nil {
		t.Errorf("a host without become: %v, %v", p, err)
	}
	if _, err := inv.Explain(t.Context(), lookup(t, inv, "web1")); err != nil {
		t.Fatal(err)
	}
	if len(asked) > 0 {
		t.Fatalf("asked before anything was needed: %q", asked)
	}
	for host, want := range map[string]string{"web1": "hunter2-from OTHER", "db1": "hunter2"} {
		p, err := inv.BecomePassword(t.Context(), lookup(t, inv, host))
		if err != nil || p.Reveal() != want {
			t.Errorf("%s: %v, %v", host, p, err)
		}
	}
	if len(asked) != 1 {
		t.Errorf("asked %q", asked)
	}
}

func TestASecretIsNotShown(t *testing.T) {
	inv := load(t, secretHCL)
	h := lookup(t, inv, "web1")
	if got := inv.Vars(h, 0)["token"]; got != "(sensitive)" {
		t.Errorf("vars.token is %v", got)
	}
	rows, err := inv.Explain(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Setting == "become.password" && (r.Value != "(sensitive)" || !strings.Contains(r.Origin, "a.fleet.hcl:11")) {
			t.Errorf("%+v", r)
		}
	}
}

func TestTwoPasswordsForOneGroupAreAConflict(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.fleet.hcl", `
secret "one" { env = "ONE" }
secret "two" { env = "TWO" }
group "g" {
  hosts = ["h"]
  connection {
    become { password = secret.one }
  }
}
group "g" {
  connection {
    become { password = secret.two }
  }
}
`)
	o := offline()
	o.Paths = []string{dir}
	if _, ds := Load(t.Context(), o); len(ds) != 1 || ds[0].Summary != "Conflicting definitions" {
		t.Errorf("%+v", ds)
	}
}

func TestASecretThatCannotBeHadIsAnError(t *testing.T) {
	inv := load(t, secretHCL, func(o *Options) {
		o.Secrets.Ask = func(context.Context, string) (transport.Secret, error) {
			return transport.Secret{}, errors.New("no terminal")
		}
	})
	if _, err := inv.BecomePassword(t.Context(), lookup(t, inv, "db1")); err == nil || !strings.Contains(err.Error(), "no terminal") {
		t.Errorf("%v", err)
	}
}

func TestAPasswordIsTakenToTheByte(t *testing.T) {
	const decomposed = "e\u0301t\u00e9" // two ways to write one letter
	inv := load(t, secretHCL, func(o *Options) {
		o.Secrets.Ask = func(context.Context, string) (transport.Secret, error) { return transport.NewSecret(decomposed), nil }
	})
	p, err := inv.BecomePassword(t.Context(), lookup(t, inv, "db1"))
	if err != nil || p.Reveal() != decomposed {
		t.Errorf("%+q, %v", p.Reveal(), err)
	}
}
