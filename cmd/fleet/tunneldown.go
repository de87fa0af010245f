package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fleet/internal/nodeset"
	"fleet/internal/term"
)

func newTunnelDownCommand(a *app) *cobra.Command {
	all := false
	cmd := &cobra.Command{
		Use:   "down [flags] NAME...",
		Short: "Close tunnels that are open in the background",
		Long: `Close tunnels that "fleet tunnel up" keeps open in the background, and return when
they are closed. Those that are open in a foreground somewhere are closed by
Ctrl-C there. No inventory is read: NAME is closed wherever it was opened.`,
		Example: "  fleet tunnel down postgres",
		RunE: func(_ *cobra.Command, names []string) error {
			return a.tunnelDown(names, all)
		},
	}
	fs := newFlagSet()
	fs.BoolVarP(&all, "all", "a", false, "all that are open in the background")
	addFlags(cmd, "Which tunnels", fs)
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		processes, _, _ := tunnelProcesses(&a.env)
		return slices.DeleteFunc(namesUp(processes), func(name string) bool {
			return !strings.HasPrefix(name, word) || slices.Contains(args, name)
		}), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

// tunnelDown closes the tunnels with these names.
func (a *app) tunnelDown(names []string, all bool) error {
	processes, silent, err := tunnelProcesses(&a.env)
	if err != nil {
		return err
	}
	if len(silent) > 0 {
		a.complain(silentError("so its tunnels stay as they are", silent))
	}
	switch {
	case all && len(names) > 0:
		return badUsage("--all and %q do not go together", names[0])
	case all:
		if names = namesUp(processes); len(names) == 0 && !a.global.quiet {
			fmt.Fprintln(a.env.stderr, "No tunnel is open in the background.")
		}
	case len(names) == 0:
		return noneNamed(namesUp(processes))
	}
	failed := len(silent) > 0
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			continue
		}
		if err := a.takeDown(processes, name); err != nil {
			a.complain(err)
			failed = true
		}
	}
	if failed {
		return exitError(statusError)
	}
	return nil
}

// noneNamed is the error for "fleet tunnel down" without a name.
func noneNamed(up []string) error {
	if len(up) == 0 {
		return badUsage("no tunnel is named, and none is open in the background")
	}
	return &usageError{err: badUsage("no tunnel is named"), hint: "open in the background: " + plainList(up) + "; all of them are --all"}
}

// takeDown closes the tunnels of one name, whichever process has them.
func (a *app) takeDown(processes []tunnelProcess, name string) error {
	var hosts []string
	cut, elsewhere := int64(0), 0
	for _, p := range processes {
		own := hostsOf(p.list, name)
		switch {
		case len(own) == 0:
			continue
		case !p.background():
			elsewhere = p.list[0].PID
			continue
		}
		answer, err := p.shut(name)
		if err != nil {
			return fmt.Errorf("%q: process %d did not say that it has closed it: %w", name, p.list[0].PID, err)
		}
		if answer.Closed {
			hosts, cut = append(hosts, own...), cut+answer.Cut
		}
	}
	switch {
	case len(hosts) == 0 && elsewhere > 0:
		return fmt.Errorf("%q is open in the foreground of process %d; hint: Ctrl-C closes it there, or: kill %d", name, elsewhere, elsewhere)
	case len(hosts) == 0:
		return fmt.Errorf("%q is not up", name)
	case a.global.quiet:
		return nil
	}
	said := ""
	if cut > 0 {
		said = "; " + was(int(cut), "connection") + " cut"
	}
	_, err := fmt.Fprintf(a.env.stderr, "%s is closed, on %s%s.\n", term.Clean(name), term.Clean(nodeset.Fold(hosts)), said)
	return err
}

// hostsOf are the hosts of the tunnels of one name, each once.
func hostsOf(list []tunnelState, name string) []string {
	var hosts []string
	for i := range list {
		if s := &list[i]; s.Name == name && !slices.Contains(hosts, s.Host) {
			hosts = append(hosts, s.Host)
		}
	}
	return hosts
}

// namesUp are the names of what is open in the background.
func namesUp(processes []tunnelProcess) []string {
	var names []string
	for _, p := range processes {
		for i := range p.list {
			if s := &p.list[i]; s.Background && !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// A tunnelRequest is what a process in the background may be asked, once it has
// said what it has open.
type tunnelRequest struct {
	Close string `json:"close"` // a name
}

// A tunnelAnswer is what it says to that when it is done.
type tunnelAnswer struct {
	Closed bool  `json:"closed"` // false: it was not open
	Cut    int64 `json:"cut"`    // connections
	Last   bool  `json:"last"`   // the process ends
}

// closeTime bounds how long closing may take.
const closeTime = 15 * time.Second

// shut asks the process to close the tunnels of one name, and returns when it has.
// A process with nothing left ends; that is waited for, too.
func (p *tunnelProcess) shut(name string) (answer tunnelAnswer, err error) {
	conn, err := net.DialTimeout("unix", p.socket, answerTime)
	if refused(err) { // it has ended meanwhile
		return answer, nil
	}
	if err != nil {
		return answer, unlessGone(p.socket, err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(closeTime))
	var list []tunnelState
	from := json.NewDecoder(conn)
	if err := from.Decode(&list); err != nil {
		return answer, unlessGone(p.socket, err)
	}
	if err := json.NewEncoder(conn).Encode(tunnelRequest{Close: name}); err != nil {
		return answer, unlessGone(p.socket, err)
	}
	if err := from.Decode(&answer); err != nil {
		return answer, err
	}
	if answer.Last {
		_, err = io.Copy(io.Discard, conn)
		if errors.Is(err, net.ErrClosed) {
			err = nil
		}
	}
	return answer, err
}
