package secret_test

import (
	"context"
	"fmt"

	"fleet/inventory/secret"
	"fleet/transport"
)

func Example() {
	r := secret.NewResolver(secret.Config{
		Secrets: map[string]secret.Provider{
			"sudo":   secret.Env{Name: "SUDO_PASSWORD"},
			"unused": secret.Exec{Command: []string{"pass", "show", "never/run"}},
		},
		LookupEnv: func(string) (string, bool) { return "s3cret", true },
		Learned:   func(s transport.Secret) { fmt.Println("learned:", len(s.Reveal()), "bytes") },
	})
	value, err := r.Resolve(context.Background(), "sudo")
	fmt.Println(value, err)
	_, err = r.Resolve(context.Background(), "root")
	fmt.Println(err)
	// Output:
	// learned: 6 bytes
	// (secret) <nil>
	// there is no secret "root"
}
