package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"fleet/internal/lab"
	"fleet/internal/term"
)

func newLabStatusCommand(a *app) *cobra.Command {
	var (
		dir    string
		format = "text"
	)
	cmd := &cobra.Command{
		Use:   "status [flags]",
		Short: "List the labs there are, or the hosts of one",
		Long: `List the labs there are. With --dir, list the hosts of one. A lab that is "dead"
lost its process without a goodbye; "fleet lab down" cleans up after it.`,
		Example: "  fleet lab status --format json",
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return a.labStatus(dir, format) },
	}
	fs := newFlagSet()
	fs.Var(text(&dir, notEmpty), "dir", "the lab in `FOLDER`")
	fs.Var(choice(&format, "text", "json"), "format", "`FORMAT`: text or json")
	addFlags(cmd, "What to print", fs)
	completeWords(cmd, "format", "text", "json")
	return cmd
}

func (a *app) labStatus(dir, format string) error {
	dirs := []string{dir}
	if dir == "" {
		var err error
		if dirs, err = a.labs(); err != nil {
			return err
		}
	}
	labs := make([]*lab.Info, 0, len(dirs))
	for _, d := range dirs {
		i, err := lab.Status(d)
		if err != nil && dir == "" {
			continue // it went down just now
		}
		if err != nil {
			return err
		}
		labs = append(labs, i)
	}
	switch {
	case format == "json":
		return writeJSON(a.env.stdout, labs)
	case len(labs) == 0:
		if !a.global.quiet {
			fmt.Fprintln(a.env.stderr, "There is no lab. To bring one up: fleet lab up -n 20")
		}
		return nil
	case dir == "":
		return writeLabs(a.env.stdout, labs)
	default:
		return writeLabHosts(a.env.stdout, labs[0])
	}
}

// writeLabs writes a line for each lab.
func writeLabs(w io.Writer, labs []*lab.Info) error {
	t := newTable(w)
	t.row("FOLDER", "STATE", "HOSTS", "PROCESS", "SINCE")
	for _, l := range labs {
		state := "up"
		if !l.Running {
			state = "dead"
		}
		t.row(l.Dir, state, strconv.Itoa(len(l.Hosts)), strconv.Itoa(l.PID), l.Started.Local().Format(time.DateTime))
	}
	return t.Flush()
}

// writeLabHosts writes a line for each host of a lab.
func writeLabHosts(w io.Writer, l *lab.Info) error {
	t := newTable(w)
	t.row("HOST", "ADDRESS", "GROUPS", "FAULTS")
	for _, h := range l.Hosts {
		faults := strings.Join(h.Faults, ", ")
		if faults == "" {
			faults = "-"
		}
		t.row(h.Name, fmt.Sprintf("%s:%d", h.Address, h.Port), strings.Join(h.Groups, ","), faults)
	}
	return t.Flush()
}

// A table aligns the cells of its rows in columns.
type table struct{ *tabwriter.Writer }

func newTable(w io.Writer) table { return table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)} }

func (t table) row(cells ...string) {
	for i, c := range cells {
		cells[i] = term.Clean(c)
	}
	fmt.Fprintln(t, strings.Join(cells, "\t"))
}
