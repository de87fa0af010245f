package rundir_test

import (
	"fmt"
	"os"
	"path/filepath"

	"fleet/internal/rundir"
)

func Example() {
	session, err := os.MkdirTemp("", "run")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(session)
	dir, err := rundir.Dir(func(string) string { return session }, true)
	fmt.Println(filepath.Base(dir), err)

	_ = os.Chmod(dir, 0o755)
	fmt.Println(rundir.Check(dir, false) != nil)
	// Output:
	// fleet <nil>
	// true
}
