package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"fleet/inventory"
)

// describeCompletion says of the command that cobra makes what it lacks.
func describeCompletion(root *cobra.Command) {
	cmd := child(root, "completion")
	if cmd == nil {
		return
	}
	cmd.Use, cmd.Short = "completion SHELL", "Print a script that completes in your shell"
	cmd.Long = `Print a script that completes commands, flags, and the hosts and groups of the
inventory in your shell.`
	cmd.Example = "  source <(fleet completion bash)"
	cmd.RunE = nil
	for _, sub := range cmd.Commands() {
		sub.Args = noArgs
		switch name := sub.Name(); name {
		case "fish":
			sub.Example = "  fleet completion fish | source"
		case "powershell":
			sub.Example = "  fleet completion powershell | Out-String | Invoke-Expression"
		default:
			sub.Example = "  source <(fleet completion " + name + ")"
		}
	}
}

// A completer proposes words to the shell.
type completer = func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective)

// completeHosts makes the shell complete the hosts and groups of the inventory
// as values of the selection flags of cmd, and as its arguments. An inventory
// with mistakes gives what it can.
func (a *app) completeHosts(cmd *cobra.Command, sel *selectionFlags) {
	patterns := func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		inv, _, err := a.load(cmd.Context(), sel, nil)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return completePattern(inv, word), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
	groups := func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		inv, _, err := a.load(cmd.Context(), sel, nil)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []string
		for _, g := range inv.Groups() {
			names = append(names, g.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	for _, flag := range []string{"hosts", "exclude", "limit"} {
		complete(cmd, flag, patterns)
	}
	complete(cmd, "group", groups)
}

// completeWords makes the shell complete the value of a flag from a few words.
func completeWords(cmd *cobra.Command, flag string, words ...string) {
	complete(cmd, flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// complete registers a completer. That fails only for a flag that cmd has not
// got, which costs the completion and nothing else.
func complete(cmd *cobra.Command, flag string, c completer) {
	_ = cmd.RegisterFlagCompletionFunc(flag, c)
}

// completePattern proposes what may stand where the last term of a pattern is
// being typed.
func completePattern(inv *inventory.Inventory, word string) []string {
	at := strings.LastIndexAny(word, ",!&^( ") + 1
	before, term := word[:at], word[at:]
	var all []string
	for _, g := range inv.Groups() {
		all = append(all, "@"+g.Name)
	}
	for _, h := range inv.Hosts() {
		all = append(all, h.Name)
	}
	const most = 1000 // nobody reads more, and shells get slow
	var words []string
	for _, name := range all {
		if strings.HasPrefix(name, term) && len(words) < most {
			words = append(words, before+name)
		}
	}
	return words
}

// completeHost makes the shell complete one host of the inventory as the only
// argument of cmd.
func (a *app) completeHost(cmd *cobra.Command, sel *selectionFlags) {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.hostsBeginning(cmd.Context(), sel, word), cobra.ShellCompDirectiveNoFileComp
	}
}

// hostsBeginning are the names of the hosts that begin with word.
func (a *app) hostsBeginning(ctx context.Context, sel *selectionFlags, word string) []string {
	inv, _, err := a.load(ctx, sel, nil)
	if err != nil {
		return nil
	}
	var names []string
	for _, h := range inv.Hosts() {
		if strings.HasPrefix(h.Name, word) {
			names = append(names, h.Name)
		}
	}
	return names
}
