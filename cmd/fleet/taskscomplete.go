package main

import (
	"strings"

	"github.com/spf13/cobra"

	"fleet/tasks"
)

// completeTasks completes the names of tasks, and of hosts in the flags that
// narrow them.
func (a *app) completeTasks(cmd *cobra.Command, f *taskFlags) {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		inv, _, err := a.load(cmd.Context(), &f.sel, nil)
		if err != nil {
			return nil, cobra.ShellCompDirectiveDefault
		}
		set, _ := tasks.Load(inv)
		var out []string
		for _, t := range set.Tasks() {
			if strings.HasPrefix(t.Name, word) {
				out = append(out, t.Name+"\t"+oneLine(t.Description, 60))
			}
		}
		return out, cobra.ShellCompDirectiveDefault // or a saved plan
	}
	a.completeHosts(cmd, &f.sel)
}
