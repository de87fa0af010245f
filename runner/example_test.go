package runner_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"fleet/event"
	"fleet/internal/sshconfig"
	"fleet/inventory"
	"fleet/runner"
	"fleet/tasks"
	"fleet/transport"
)

// A run on one host, which is this machine.
func Example() {
	show := event.SinkFunc(func(e *event.Event) {
		switch e.Type {
		case event.Output:
			fmt.Printf("%s: %s", e.Host, e.Data)
		case event.HostEnd:
			fmt.Printf("%s: %s\n", e.Host, e.Outcome)
		}
	})
	summary := runner.Run(context.Background(), &runner.Config{
		Transport: transport.Local{},
		Sink:      show,
		Command:   transport.Command{Script: "echo hello; exit 3"},
	}, []runner.Job{{Host: "here", Target: transport.Target{Name: "here"}}})
	fmt.Println("exit status", summary.ExitStatus())
	// Output:
	// here: hello
	// here: failed
	// exit status 2
}

// A task whose steps are for this machine.
func ExampleApply() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "hello.fleet.hcl")
	err = os.WriteFile(file, []byte(`
group "web" { hosts = ["web[1-2]"] }
task "hello" {
  hosts = "@web"
  rollout { max_parallel = 1 }
  step "greet" {
    local   = true
    command = "echo hello ${host.name}"
  }
}`), 0o600)
	if err != nil {
		panic(err)
	}
	inv, diags := inventory.Load(context.Background(), inventory.Options{Paths: []string{file}, SSH: sshconfig.Files{User: "none"}})
	set, more := tasks.Load(inv)
	if diags.HasErrors() || more.HasErrors() {
		panic("the project has mistakes")
	}
	plan, _, err := set.Plan(tasks.Options{})
	if err != nil {
		panic(err)
	}
	summary := runner.Apply(context.Background(), &runner.Tasks{
		Plan: plan, Transport: transport.Local{}, Local: transport.Local{},
		Target: func(_ context.Context, h *inventory.Host) (transport.Target, error) {
			return transport.Target{Name: h.Name}, nil
		},
		Sink: event.SinkFunc(func(e *event.Event) {
			switch e.Type {
			case event.Output:
				fmt.Printf("%s, batch %d: %s", e.Host, e.Batch, e.Data)
			case event.TaskEnd:
				fmt.Println("task", e.Task, e.Outcome)
			}
		}),
	})
	fmt.Println("exit status", summary.ExitStatus())
	// Output:
	// web1, batch 1: hello web1
	// web2, batch 2: hello web2
	// task hello ok
	// exit status 0
}
