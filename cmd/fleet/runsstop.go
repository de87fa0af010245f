package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fleet/internal/nodeset"
	"fleet/journal"
)

func newRunsStopCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stop [RUN]",
		Short: "Stop a run, as Ctrl-C does where it was started",
		Long: `Stop a run: no new host or step is begun, and what runs on the hosts is ended
there. RUN is the ID of a run or the beginning of it; without it, the only one
that is running.`,
		Example: "  fleet runs stop",
		Args:    oneRun,
		RunE: func(_ *cobra.Command, args []string) error {
			run, err := a.findRunning(args)
			if err != nil {
				return err
			}
			if run.Status != journal.Running {
				return fmt.Errorf("run %s is not running: %s", run.ID, run.Status)
			}
			if err := run.Stop(); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.env.stdout, "run %s on %s was told to stop; fleet runs show %s tells how it ends\n",
				run.ID, oneLine(nodeset.Fold(run.Hosts), 60), run.ID)
			return err
		},
	}
	a.completeRuns(cmd)
	return cmd
}

// findRunning is the run that args name, or the only one that is running.
func (a *app) findRunning(args []string) (*journal.Run, error) {
	if len(args) > 0 {
		return a.findRun(args)
	}
	runs, err := a.runs()
	if err != nil {
		return nil, err
	}
	runs = slices.DeleteFunc(runs, func(r journal.Run) bool { return r.Status != journal.Running })
	switch len(runs) {
	case 0:
		return nil, errors.New("no run is running")
	case 1:
		return &runs[0], nil
	}
	names := make([]string, len(runs))
	for i := range runs {
		names[i] = runs[i].ID + " (" + oneLine(runs[i].Command, 40) + ")"
	}
	return nil, badUsage("%d runs are running: %s; which one?", len(runs), strings.Join(names, ", "))
}
