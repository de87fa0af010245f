package journal_test

import (
	"fmt"
	"log"
	"os"
	"time"

	"fleet/event"
	"fleet/journal"
)

func Example() {
	dir, err := os.MkdirTemp("", "runs-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store := journal.Open(dir)

	// A run that dies: one step is done, one was sent.
	w, err := store.Create(journal.Meta{Kind: journal.KindApply, Command: "fleet apply deploy"}, journal.Options{})
	if err != nil {
		log.Fatal(err)
	}
	w.Emit(&event.Event{Type: event.RunStart, Time: time.Now(), Hosts: []string{"web1"}})
	e := event.Event{Time: time.Now(), Host: "web1", Task: "deploy", Section: event.Steps, Step: "unpack"}
	e.Type = event.StepStart
	w.Emit(&e) // returns when it is on disk; then the step is sent
	e.Type, e.Outcome = event.StepEnd, event.OK
	w.Emit(&e)
	e.Type, e.Step = event.StepStart, "migrate"
	w.Emit(&e)
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	run, err := store.Find("") // the last one
	if err != nil {
		log.Fatal(err)
	}
	state, err := run.State()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(run.Command, run.Status)
	unpack := event.StepID{Task: "deploy", Host: "web1", Section: event.Steps, Step: "unpack"}
	fmt.Println("done:", unpack.Step, state.Ended(unpack).Outcome)
	for _, id := range state.Open() {
		fmt.Println("unknown:", id.Step, "on", id.Host)
	}
	// Output:
	// fleet apply deploy died
	// done: unpack ok
	// unknown: migrate on web1
}
