package proc_test

import (
	"fmt"

	"fleet/internal/proc"
)

func ExampleDescendants() {
	all := []proc.Process{{PID: 10, Parent: 1}, {PID: 11, Parent: 10}, {PID: 12, Parent: 11}, {PID: 13, Parent: 1}}
	fmt.Println(proc.Descendants(10, all))
	// Output: [11 12]
}
