package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fleet/internal/lang"
)

// seeHelp completes a usage error with the command whose help tells more. With
// always, any error is one.
func seeHelp(cmd *cobra.Command, err error, always bool) error {
	var usage *usageError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &usage):
		if usage.see == "" {
			usage.see = cmd.CommandPath()
		}
		return err
	case always:
		return &usageError{err: err, see: cmd.CommandPath()}
	default:
		return err
	}
}

// A wrongValue is what the value of a flag says about a text it refuses.
type wrongValue struct {
	want string // "is not a duration such as 90s or 5m"
	hint string // "the login user is -l"; may be empty
}

func (e *wrongValue) Error() string { return e.want }

// flagError turns what pflag says about a flag into a usage error.
func flagError(cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	usage := &usageError{err: err, see: cmd.CommandPath()}
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return err
	case errors.As(err, &unknown):
		unknownFlag(cmd, unknown, usage)
	case errors.As(err, &missing):
		usage.err = fmt.Errorf("%s needs a value", flagName(missing.GetFlag()))
	case errors.As(err, &invalid):
		var wrong *wrongValue
		if errors.As(err, &wrong) {
			usage.err = fmt.Errorf("%s: %q %s", flagName(invalid.GetFlag()), invalid.GetValue(), wrong.want)
			usage.hint = wrong.hint
		} else {
			usage.err = fmt.Errorf("%s: %q: %w", flagName(invalid.GetFlag()), invalid.GetValue(), invalid.Unwrap())
		}
	}
	return usage
}

// flagName is how a message names a flag: "-u, --command-timeout".
func flagName(f *pflag.Flag) string {
	if f.Shorthand == "" {
		return "--" + f.Name
	}
	return "-" + f.Shorthand + ", --" + f.Name
}

// elsewhere says what a flag that other tools know is called here.
func elsewhere(cmd *cobra.Command, name string) string {
	if cmd.Name() == "apply" || cmd.Name() == "plan" {
		if hint := elsewhereInTasks(name); hint != "" {
			return hint
		}
	}
	if cmd.Name() == kindPush || cmd.Name() == kindPull {
		if hint := elsewhereInTransfers(name); hint != "" {
			return hint
		}
	}
	switch name {
	case "A", "password":
		return "to be asked for a password: -k"
	case "H", "host":
		return "hosts are -w"
	case "c", "command", "cmd":
		if !interspersed(cmd) {
			return "the command comes last: " + cmd.CommandPath() + " -w web01 -- uptime"
		}
		return "what fleet does is a word: fleet run, fleet hosts"
	case "m":
		return "what fleet does is a word: fleet run, fleet hosts"
	case "fork", "forks", "parallel", "threads", "concurrency":
		return "how many hosts at one time is -f"
	case "timeout":
		return "a time to connect is -t, one for the command -u"
	case "key", "identity-file", "private-key":
		return "a private key is --identity"
	case "V", "version":
		return "fleet version"
	default:
		return ""
	}
}

// elsewhereInTasks is elsewhere for the commands about tasks.
func elsewhereInTasks(name string) string {
	switch name {
	case "w", "hosts", "g", "group", "a", "all":
		return "a task says its hosts; --limit PATTERN takes fewer of them"
	case "tags", "T":
		return "steps by their tags are --only TAGS"
	case "skip-tags":
		return "steps are left out by --skip TAGS"
	case "start-at-task":
		return "to begin later is --start-at STEP"
	case "step":
		return "to be asked before every step: --confirm"
	case "check", "C", "dry-run":
		return "what would be done is shown by fleet plan"
	case "auto-approve":
		return "confirmations are answered by --yes"
	case "target":
		return "tasks are named without a flag; steps are --only TAGS, hosts --limit PATTERN"
	case "u", "command-timeout", "idle-timeout", "s", "sudo", "become":
		return "steps say that themselves: timeout, idle_timeout, become"
	default:
		return ""
	}
}

// elsewhereInTransfers is elsewhere for the commands about files: what users of scp
// and rsync type.
func elsewhereInTransfers(name string) string {
	switch name {
	case "r", "R", "recursive", "archive":
		return "folders go as a whole, without a flag"
	case "n":
		return "to change nothing, and tell what would be: --dry-run"
	case "c", "checksum":
		return "files are always compared by their SHA-256"
	case "chmod":
		return "the mode of files is --mode"
	case "chown":
		return "their owner is --owner USER[:GROUP]"
	case "bwlimit":
		return "a rate is --limit-rate"
	case "z", "compress":
		return "leave it out: what is sent is not compressed"
	default:
		return ""
	}
}

// unknownFlag says in usage which flag is unknown, and what may have been meant.
func unknownFlag(cmd *cobra.Command, e *pflag.NotExistError, usage *usageError) {
	name, bundle := e.GetSpecifiedName(), e.GetSpecifiedShortnames()
	if bundle == "" {
		usage.err = fmt.Errorf("unknown flag --%s", name)
		if usage.hint = nearFlag(cmd, name); usage.hint == "" {
			usage.hint = elsewhere(cmd, name)
		}
		return
	}
	usage.err, usage.hint = fmt.Errorf("unknown flag -%s", name), elsewhere(cmd, name)
	if bundle != name {
		usage.err = fmt.Errorf("unknown flag -%s in -%s", name, bundle)
		// Terraform's flags are long ones with a single dash.
		if long, _, _ := strings.Cut(bundle, "="); len(long) > 2 {
			usage.hint = nearFlag(cmd, long)
		}
	}
}

// nearFlag is a hint with the flag of cmd that is called like name, or nearly so.
func nearFlag(cmd *cobra.Command, name string) string {
	var names []string
	visit := func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	}
	cmd.Flags().VisitAll(visit)
	cmd.InheritedFlags().VisitAll(visit)
	near := name
	if !slices.Contains(names, name) {
		near = lang.Suggest(name, names)
	}
	if near == "" {
		return ""
	}
	return fmt.Sprintf("did you mean --%s?", near)
}

// unknownCommand is the error for a word that is no command of parent.
func unknownCommand(parent *cobra.Command, name string) error {
	e := &usageError{err: fmt.Errorf("unknown command %q", name), see: parent.CommandPath()}
	var names []string
	for _, cmd := range parent.Commands() {
		if cmd.IsAvailableCommand() || cmd.Name() == "help" {
			names = append(names, cmd.Name())
		}
	}
	switch near := lang.Suggest(name, names); {
	case near != "":
		e.hint = fmt.Sprintf("did you mean %s %s?", parent.CommandPath(), near)
	case parent.Parent() == nil:
		e.hint = "to run a command on hosts: fleet run -w PATTERN -- COMMAND"
	}
	return e
}

// noArgs refuses any argument.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return badUsage("%s takes no arguments; %q is one too many", cmd.CommandPath(), args[0])
	}
	return nil
}

// oneRun accepts the name of one run, or none.
func oneRun(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return badUsage("%s takes one run; %q is one too many", cmd.CommandPath(), args[1])
	}
	return nil
}
