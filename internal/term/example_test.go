package term_test

import (
	"fmt"

	"fleet/internal/term"
)

func ExampleSanitizer() {
	var s term.Sanitizer
	var safe []byte
	for _, chunk := range []string{"10%\r20%\r\n\x1b]0;tit", "le\adone\x1b[2", "J\n"} {
		safe = s.Append(safe, []byte(chunk))
	}
	fmt.Print(string(s.Flush(safe)))
	// Output:
	// 10%
	// 20%
	// done^[[2J
}

func ExampleClean() {
	fmt.Println(term.Clean("no such file: \"a\x1b[2Jb\nc\""))
	// Output: no such file: "a^[[2Jb\nc"
}
