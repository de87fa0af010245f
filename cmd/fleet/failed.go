package main

import (
	"fmt"

	"fleet/internal/nodeset"
)

// lastRun is the value of --failed without "=RUN".
const lastRun = "last"

// addFailed makes the hosts that failed in the run that --failed names a limit of
// the selection, and all of it where no other flag selects.
func (a *app) addFailed(sel *selectionFlags) error {
	if sel.failed == "" {
		return nil
	}
	store, err := a.journal()
	if err != nil {
		return err
	}
	id := sel.failed
	if id == lastRun {
		id = ""
	}
	run, err := store.Find(id)
	if err != nil {
		return fmt.Errorf("--failed: %w", err)
	}
	hosts, err := run.Failed()
	if err != nil {
		return fmt.Errorf("--failed: %w", err)
	}
	if len(hosts) == 0 {
		return &usageError{
			err:  fmt.Errorf("--failed: no host failed or was unreachable in run %s (%s)", run.ID, run.Status),
			hint: "fleet runs list shows the runs; --failed=RUN takes another one",
		}
	}
	sel.failed = run.ID // "the last one" may be another soon
	expression := nodeset.Fold(hosts)
	if sel.given() {
		sel.limit = append(sel.limit, expression)
		return nil
	}
	sel.hosts = []string{expression}
	return nil
}
