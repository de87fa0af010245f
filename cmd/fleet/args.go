package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// normalize rewrites args so that pflag reads them as the user meant them:
// Terraform's -var, -var-file, -json and those of fmt get their second dash. It follows the
// words as pflag will, so that nothing after the first word of a remote command
// is touched. A word that should be a command and is none is an error.
func normalize(root *cobra.Command, args []string) ([]string, error) {
	var (
		out = make([]string, 0, len(args))
		cmd = root
	)
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if strings.HasPrefix(arg, "__complete") {
			return args, nil // the shell's completion asks
		}
		if arg == "--" {
			return append(out, args[i:]...), nil
		}
		if len(arg) < 2 || arg[0] != '-' {
			switch next := child(cmd, arg); {
			case next != nil:
				cmd = next
			case cmd == root:
				return nil, unknownCommand(root, arg)
			case !interspersed(cmd):
				return append(out, args[i:]...), nil
			}
			out = append(out, arg)
			continue
		}
		arg = doubleDash(cmd, arg)
		out = append(out, arg)
		if wantsNext(cmd, arg) && i+1 < len(args) {
			i++
			out = append(out, args[i])
		}
	}
	return out, nil
}

// child is the command below cmd of that name.
func child(cmd *cobra.Command, name string) *cobra.Command {
	for _, c := range cmd.Commands() {
		if c.Name() == name || c.HasAlias(name) {
			return c
		}
	}
	return nil
}

// interspersed reports whether cmd takes flags after its first word.
func interspersed(cmd *cobra.Command) bool {
	return cmd.Annotations[remoteCommand] == ""
}

// remoteCommand is the annotation of a command whose words, from the first that
// is not a flag on, are for the hosts.
const remoteCommand = "remote-command"

// takesRemoteCommand says of cmd that its first word ends its flags.
func takesRemoteCommand(cmd *cobra.Command) {
	cmd.Flags().SetInterspersed(false)
	if cmd.Annotations == nil {
		cmd.Annotations = make(map[string]string)
	}
	cmd.Annotations[remoteCommand] = "yes"
}

// doubleDash gives a long flag that was written with one dash its second one.
func doubleDash(cmd *cobra.Command, arg string) string {
	name, _, _ := strings.Cut(arg[1:], "=")
	switch name {
	case "var", "var-file", "json": // what Terraform's users type
		if lookup(cmd, name) != nil {
			return "-" + arg
		}
	case "check", "diff", "list", "recursive", "write":
		if cmd.Name() == "fmt" {
			return "-" + arg
		}
	}
	return arg
}

// wantsNext reports whether the value of the flag, or of the last of the bundled
// flags, in arg is the next word.
func wantsNext(cmd *cobra.Command, arg string) bool {
	if long, ok := strings.CutPrefix(arg, "--"); ok {
		f := lookup(cmd, long)
		return f != nil && f.NoOptDefVal == ""
	}
	for i := 1; i < len(arg); i++ {
		f := lookup(cmd, arg[i:i+1])
		if f == nil {
			return false
		}
		if f.NoOptDefVal == "" {
			return i == len(arg)-1
		}
		if i+1 < len(arg) && arg[i+1] == '=' {
			return false
		}
	}
	return false
}

// lookup is the flag of cmd, or of those above it, with that name or letter.
func lookup(cmd *cobra.Command, name string) *pflag.Flag {
	for ; cmd != nil; cmd = cmd.Parent() {
		for _, fs := range []*pflag.FlagSet{cmd.Flags(), cmd.PersistentFlags()} {
			f := fs.Lookup(name)
			if len(name) == 1 {
				f = fs.ShorthandLookup(name)
			}
			if f != nil {
				return f
			}
		}
	}
	return nil
}
