package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commands lists every command, in the order in which help shows them.
func commands(a *app) []*cobra.Command {
	return []*cobra.Command{
		newRunCommand(a),
		newPlanCommand(a),
		newApplyCommand(a),
		newPushCommand(a),
		newPullCommand(a),
		newRunsCommand(a),
		newTunnelCommand(a),
		newAgentCommand(a),
		newHostsCommand(a),
		newValidateCommand(a),
		newFmtCommand(a),
		newConsoleCommand(a),
		newGraphCommand(a),
		newLabCommand(a),
		newDemoCommand(a),
		newTraceCommand(a),
		newVersionCommand(a),
	}
}

// globalFlags are those of every command.
type globalFlags struct {
	quiet   bool
	verbose int
	color   string
}

func (f *globalFlags) flags() *pflag.FlagSet {
	fs := newFlagSet()
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "say nothing but results and errors")
	fs.CountVarP(&f.verbose, "verbose", "v", "say more; twice: still more")
	f.color = "auto"
	fs.Var(choice(&f.color, "auto", "always", "never"), "color", "`WHEN` to use color: auto, always or never")
	return fs
}

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "fleet COMMAND",
		Short: "Run commands on many hosts at one time, over SSH",
		Long: `fleet runs commands on many hosts at one time, over SSH, and shows what happened.

Hosts come from an inventory (-i, or the *.fleet.hcl files of this folder), or straight from a pattern.`,
		Example: "  fleet run -w 'web[01-20]' -b -- uptime\n  fleet demo",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) (err error) {
			if a.typed, err = takeApart(cmd.Root(), cmd, a.args); err != nil {
				return err
			}
			return a.openLog()
		},
	}
	root.SetIn(a.env.stdin)
	root.SetOut(a.env.stdout)
	root.SetErr(a.env.stderr)
	addGlobal(root, a.global.flags())
	completeWords(root, "color", "auto", "always", "never")
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { printHelp(a.env.stdout, cmd) })
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.HiddenDefaultCmd = false
	own := commands(a)
	orderCommands(own)
	root.AddCommand(own...)
	root.SetHelpCommand(newHelpCommand(a))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	describeCompletion(root)
	root.Flags().SortFlags = false
	for _, cmd := range root.Commands() {
		wrapArgs(cmd)
	}
	return root
}

// wrapArgs makes a wrong number of arguments a usage error that names the
// command, and so a word after a command that only has other commands.
func wrapArgs(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		wrapArgs(sub)
	}
	cmd.Flags().SortFlags = false
	if cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.Args = noSuchCommand
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	check, carryOut := cmd.Args, cmd.RunE
	if check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			return seeHelp(cmd, check(cmd, args), true)
		}
	}
	if carryOut != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			return seeHelp(cmd, carryOut(cmd, args), false)
		}
	}
}
