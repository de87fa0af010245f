package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newFlagSet is an empty group of flags, shown in the order of declaration.
func newFlagSet() *pflag.FlagSet {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	fs.SortFlags = false
	return fs
}

// groupAnnotation is where a flag keeps the title under which help shows it.
const groupAnnotation = "group"

// addFlags gives cmd the flags of fs, which help shows together under title.
func addFlags(cmd *cobra.Command, title string, fs *pflag.FlagSet) {
	cmd.Flags().SortFlags = false
	fs.VisitAll(func(f *pflag.Flag) {
		f.Annotations = map[string][]string{groupAnnotation: {title}}
	})
	cmd.Flags().AddFlagSet(fs)
}

// addGlobal gives root, and every command below it, the flags of fs.
func addGlobal(root *cobra.Command, fs *pflag.FlagSet) {
	root.PersistentFlags().SortFlags = false
	root.PersistentFlags().AddFlagSet(fs)
}

// helpWidth is the width help is folded to; it fits a terminal of 80 columns
// and the manual pages people are used to.
const helpWidth = 80

// printHelp writes the help of cmd.
func printHelp(w io.Writer, cmd *cobra.Command) {
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	fmt.Fprintf(w, "%s\n\nUsage:\n  %s\n", foldText(about, helpWidth), cmd.UseLine())
	if cmd.Example != "" {
		fmt.Fprintf(w, "\nExample:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprint(w, "\nCommands:\n")
		for _, sub := range inOrder(cmd.Commands()) {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(w, "  %-12s %s\n", sub.Name(), sub.Short)
			}
		}
		fmt.Fprintf(w, "\n%s COMMAND --help tells more.\n", cmd.CommandPath())
	}
	for _, g := range flagGroups(cmd) {
		fmt.Fprintf(w, "\n%s:\n%s", g.title, flagUsages(g.flags))
	}
}

// inOrder sorts commands as they were given to orderCommands, others last: cobra
// sorts them by name.
func inOrder(cmds []*cobra.Command) []*cobra.Command {
	cmds = slices.Clone(cmds)
	slices.SortStableFunc(cmds, func(a, b *cobra.Command) int {
		return cmp.Compare(place(a), place(b))
	})
	return cmds
}

// orderAnnotation is where a command keeps its place in help.
const orderAnnotation = "order"

func orderCommands(cmds []*cobra.Command) {
	for i, c := range cmds {
		if c.Annotations == nil {
			c.Annotations = make(map[string]string)
		}
		c.Annotations[orderAnnotation] = strconv.Itoa(i)
	}
}

func place(c *cobra.Command) int {
	n, err := strconv.Atoi(c.Annotations[orderAnnotation])
	if err != nil {
		return math.MaxInt
	}
	return n
}

// flagUsages describes flags. A value that may be left out is in brackets, with
// the equals sign that it takes; what counts how often it is given has none.
func flagUsages(fs *pflag.FlagSet) string {
	text := fs.FlagUsagesWrapped(helpWidth)
	fs.VisitAll(func(f *pflag.Flag) {
		name, _ := pflag.UnquoteUsage(f)
		long := "--" + f.Name
		was, now := fmt.Sprintf("%s %s[=%s]", long, name, f.NoOptDefVal), fmt.Sprintf("%s[=%s]", long, name)
		if f.Value.Type() == "count" {
			was, now = long+" "+name, long
		}
		text = strings.Replace(text, was, fmt.Sprintf("%-*s", len(was), now), 1)
	})
	return text
}

// A flagGroup is a part of the help of a command.
type flagGroup struct {
	title string
	flags *pflag.FlagSet
}

// flagGroups sorts the flags of cmd by their titles, in the order of declaration.
func flagGroups(cmd *cobra.Command) []flagGroup {
	const own, global = "Flags", "Flags of every command"
	var groups []flagGroup
	add := func(title string, f *pflag.Flag) {
		for _, g := range groups {
			if g.title == title {
				g.flags.AddFlag(f)
				return
			}
		}
		fs := newFlagSet()
		fs.AddFlag(f)
		groups = append(groups, flagGroup{title, fs})
	}
	inherited := cmd.InheritedFlags()
	late := newFlagSet()
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		switch {
		case f.Hidden:
		case f.Name == "help", inherited.Lookup(f.Name) != nil, cmd.PersistentFlags().Lookup(f.Name) != nil:
			late.AddFlag(f)
		case f.Annotations[groupAnnotation] != nil:
			add(f.Annotations[groupAnnotation][0], f)
		default:
			add(own, f)
		}
	})
	late.AddFlagSet(inherited)
	late.VisitAll(func(f *pflag.Flag) { add(global, f) })
	return groups
}

// newHelpCommand is "fleet help COMMAND".
func newHelpCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Tell more about a command",
		Example: "  fleet help hosts",
		RunE: func(cmd *cobra.Command, args []string) error {
			at := cmd.Root()
			for _, name := range args {
				next := child(at, name)
				if next == nil {
					return unknownCommand(at, name)
				}
				at = next
			}
			at.InitDefaultHelpFlag()
			printHelp(a.env.stdout, at)
			return nil
		},
	}
}
