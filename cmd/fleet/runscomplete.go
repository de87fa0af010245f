package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// completeRuns completes the IDs of runs.
func (a *app) completeRuns(cmd *cobra.Command) {
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.runIDs(word), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeLogs completes the hosts of the run that was named, or of the last one,
// whose place may also be that of a run.
func (a *app) completeLogs(cmd *cobra.Command) {
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 1 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		if run, err := a.findRun(args); err == nil {
			out = slices.DeleteFunc(slices.Clone(run.Hosts), func(h string) bool { return !strings.HasPrefix(h, word) })
		}
		if len(args) == 0 {
			out = append(out, a.runIDs(word)...)
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// runIDs are those that begin with word, each with what it was.
func (a *app) runIDs(word string) []string {
	store, err := a.journal()
	if err != nil {
		return nil
	}
	runs, _ := store.List() // what cannot be read cannot be meant
	var out []string
	for i := range runs {
		if strings.HasPrefix(runs[i].ID, word) {
			out = append(out, runs[i].ID+"\t"+oneLine(runs[i].Command, 40))
		}
	}
	return out
}
