package redact_test

import (
	"fmt"

	"fleet/internal/redact"
)

func Example() {
	r := redact.New("hunter2!")
	fmt.Println(r.String("curl -u admin:hunter2! sends YWRtaW46aHVudGVyMiE="))

	s := r.Stream()
	for _, piece := range []string{"password: hun", "ter", "2!\nhungry?"} {
		fmt.Printf("%q ", s.Write([]byte(piece)))
	}
	fmt.Printf("%q\n", s.Flush())
	// Output:
	// curl -u admin:(sensitive) sends YWRtaW46(sensitive)
	// "password: " "" "(sensitive)\nhungry?" ""
}
