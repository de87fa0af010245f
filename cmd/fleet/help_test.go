package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Also on a console of 80 columns, and with something to copy.
func TestHelpFitsATerminalAndHasAnExample(t *testing.T) {
	root := newRootCommand(newApp(env{lookup: os.LookupEnv}))
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			var help bytes.Buffer
			cmd.InitDefaultHelpFlag()
			printHelp(&help, cmd)
			for line := range strings.Lines(help.String()) {
				if line = strings.TrimSuffix(line, "\n"); len([]rune(line)) > 80 {
					t.Errorf("wider than 80 columns: %q", line)
				}
			}
			_, example, _ := strings.Cut(help.String(), "\nExample:\n")
			if !strings.HasPrefix(strings.TrimSpace(example), "fleet") && !strings.HasPrefix(example, "  source <(fleet") {
				t.Errorf("no example in:\n%s", help.String())
			}
		})
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				check(sub)
			}
		}
	}
	check(root)
}

// The examples of help do what the command line takes.
func TestTheExamplesOfHelpAreUnderstood(t *testing.T) {
	root := newRootCommand(newApp(env{lookup: os.LookupEnv}))
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		for line := range strings.Lines(cmd.Example) {
			words := strings.Fields(strings.NewReplacer("'", "", "source <(", "", ")", "").Replace(line))
			if at := strings.Index(strings.Join(words, " "), "|"); at >= 0 {
				words = strings.Fields(strings.Join(words, " ")[:at])
			}
			args, err := normalize(root, words[1:])
			if err != nil {
				t.Errorf("%s: %v", line, err)
				continue
			}
			found, rest, err := root.Find(args)
			if err == nil {
				err = found.ParseFlags(rest)
			}
			if err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
		for _, sub := range cmd.Commands() {
			check(sub)
		}
	}
	check(root)
}

func TestFoldTextLeavesExamplesAlone(t *testing.T) {
	const text = "one two\nthree\n\n  kept   as  it is and long\nfour five six"
	const want = "one two three\n\n  kept   as  it is and long\nfour five six"
	if got := foldText(text, 13); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
