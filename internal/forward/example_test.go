package forward_test

import (
	"fmt"

	"fleet/internal/forward"
)

func Example() {
	rule, err := forward.Parse(forward.Local, "15432:localhost:5432")
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, host := range []string{"db1", "db2"} {
		own, err := rule.ForHost(host, i, 2)
		fmt.Println(own, err)
	}
	_, err = forward.Parse(forward.Local, "5432:db")
	fmt.Println(err)
	// Output:
	// local 127.0.0.1:15432 to localhost:5432 <nil>
	// local 127.0.0.1:15433 to localhost:5432 <nil>
	// "5432:db": no port of the target; write [ADDRESS:]PORT:HOST:HOSTPORT
}
