package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// completeTunnels makes the shell complete the names of tunnel blocks, and the
// hosts and words in the flags.
func (a *app) completeTunnels(cmd *cobra.Command, f *tunnelFlags) {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		inv, _, err := a.load(cmd.Context(), &f.sel, nil)
		if err != nil || len(f.rules) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		given := map[string]bool{}
		for _, name := range args {
			given[name] = true
		}
		var names []string
		for _, t := range inv.Tunnels() {
			if strings.HasPrefix(t.Name, word) && !given[t.Name] {
				names = append(names, t.Name+"\t"+t.Kind.String()+" on "+oneLine(t.Hosts, 40))
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	a.completeHosts(cmd, &f.sel)
	completeWords(cmd, "format", formats...)
	completeWords(cmd, "on-down", "wait", "refuse")
}
