package main

import (
	"io/fs"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// pushFlags say where files go, and how.
type pushFlags struct {
	transferFlags

	mode         fs.FileMode // --mode
	hasMode      bool
	owner, group string // --owner
	backup       bool   // --backup
	follow       bool   // --follow
	validate     string // --validate
	remove       bool   // --delete
}

func (f *pushFlags) flags() *pflag.FlagSet {
	fs := newFlagSet()
	fs.Var(fileMode(&f.mode, &f.hasMode), "mode", "give files the `MODE`, such as 0644 (default: that of the old file, or of LOCAL)")
	fs.Var(ownership(&f.owner, &f.group), "owner", "give files, and folders, to `USER[:GROUP]`")
	fs.BoolVar(&f.backup, "backup", false, "keep the old file next to the new one")
	fs.Var(text(&f.validate, validation), "validate", "the shell `COMMAND` must succeed before a file takes its place; %s is its temporary name")
	fs.BoolVar(&f.follow, "follow", false, "write through a REMOTE that is a symbolic link")
	fs.BoolVar(&f.remove, "delete", false, "of a folder, delete on the hosts what is not in LOCAL")
	return fs
}

// validation is for --validate: a command that looks at nothing finds nothing.
func validation(s string) error {
	if !strings.Contains(s, "%s") {
		return wrong("has no %s, for the name of the file that is looked at", "")
	}
	return nil
}

func newPushCommand(a *app) *cobra.Command {
	var f pushFlags
	cmd := &cobra.Command{
		Use:   "push [flags] LOCAL... REMOTE",
		Short: "Copy files and folders to many hosts",
		Long: `Copy files and folders to many hosts at one time. A file is written under a
temporary name, checked by its SHA-256, and takes its place in one step; one that
is right already is left alone. The content of a folder goes to REMOTE where LOCAL
ends with a slash, else the folder itself goes into REMOTE, as with rsync. REMOTE
begins at the login folder, or with /. {host} in LOCAL or REMOTE is the name of
the host.`,
		Example: "  fleet push -w @web -s --backup nginx.conf /etc/nginx/\n  fleet push -w @web --delete site/ /srv/www",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.push(cmd.Context(), &f, args)
		},
	}
	f.add(a, cmd, f.flags())
	return cmd
}
