package filename_test

import (
	"fmt"

	"fleet/internal/filename"
)

func Example() {
	for _, host := range []string{"web01.example.com", "../../etc/passwd", "db 1"} {
		fmt.Println(filename.Of(host, ".log"))
	}
	// Output:
	// web01.example.com.log
	// %2E.%2F..%2Fetc%2Fpasswd.log
	// db%201.log
}
