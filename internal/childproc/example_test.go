package childproc_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fleet/internal/childproc"
)

// A command that never ends by itself ends at its bound.
func Example() {
	out, err := childproc.Run(context.Background(), &childproc.Command{
		Args:      []string{"yes", "web1"},
		Timeout:   10 * time.Second,
		MaxOutput: 10,
	})
	fmt.Printf("%q %t\n", out.Stdout, errors.Is(err, childproc.ErrTooMuch))
	// Output: "web1\nweb1\n" true
}
