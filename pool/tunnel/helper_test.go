package tunnel_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"

	"fleet/internal/forward"
	"fleet/pool"
	"fleet/pool/tunnel"
	"fleet/transport"
)

// A helperTask is what the helper is to do: to listen, and to print where.
type helperTask struct {
	Port int // of the server
	Rule forward.Rule
}

// helperMain answers each line of stdin by its memory.
func helperMain() int {
	var task helperTask
	if err := json.Unmarshal([]byte(os.Getenv(helperEnv)), &task); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	p := pool.New(pool.Config{})
	defer p.Close()
	s, err := tunnel.New(tunnel.Config{Transport: p}, []tunnel.Spec{{Target: transport.Target{
		Name: "host", Address: "127.0.0.1", Port: task.Port, User: "user", HostKey: transport.HostKey{Policy: transport.HostKeyOff},
	}, Rules: []forward.Rule{task.Rule}}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer s.Close()
	s.Start(context.Background())
	if err := s.Ready(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(s.Status()[0].Listen)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		fmt.Println(memory("VmRSS"), memory("VmHWM"), runtime.NumGoroutine(), m.HeapInuse>>10, m.StackInuse>>10)
	}
	return 0
}

// memory is a line of the process's status, in KB; Linux has it.
func memory(what string) int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), what+":")
	n := 0
	_, _ = fmt.Sscan(rest, &n)
	return n
}
