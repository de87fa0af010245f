package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"fleet/internal/nodeset"
	"fleet/internal/term"
	"fleet/inventory"
	"fleet/tasks"
)

func newGraphCommand(a *app) *cobra.Command {
	var (
		sel    selectionFlags
		format = "dot"
	)
	cmd := &cobra.Command{
		Use:   "graph [flags]",
		Short: "Draw the groups, tasks and tunnels of an inventory, offline",
		Long: `Draw the groups, sources, tasks and tunnels of an inventory, as text that other
programs make a picture of: dot of Graphviz, or Mermaid, which many sites show as
it is. An arrow leads from a group to each group that its members mention, from a
source to the group of its hosts, and from a task to each task that it depends on.`,
		Example: "  fleet graph | dot -Tsvg > fleet.svg",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			inv, err := a.openInventory(cmd.Context(), &sel, nil)
			switch {
			case err != nil:
				return err
			case inv.Open():
				return &usageError{err: errors.New("there is no inventory to draw"), hint: "give -i PATH, or go where *.fleet.hcl files are"}
			}
			set, found := tasks.Load(inv)
			if found.HasErrors() {
				return a.refuseInventory(&sel, found)
			}
			g := newGraph(inv, set)
			if format == "mermaid" {
				return g.writeMermaid(a.env.stdout)
			}
			return g.writeDOT(a.env.stdout)
		},
	}
	fs := newFlagSet()
	fs.Var(choice(&format, "dot", "mermaid"), "format", "`FORMAT`: dot or mermaid")
	addFlags(cmd, "What to print", fs)
	addFlags(cmd, "Which inventory", sel.inventoryFlags())
	completeWords(cmd, "format", "dot", "mermaid")
	return cmd
}

// A graph is groups, sources, tasks and tunnels, and arrows between them.
type graph struct {
	nodes []graphNode
	edges []graphEdge
}

// A graphNode is a group, a source, a task, a tunnel, or the hosts that are in no
// group.
type graphNode struct {
	id    string // "group web"
	kind  nodeKind
	lines []string
}

// nodeKind says how a node looks.
type nodeKind int

const (
	nodeGroup nodeKind = iota
	nodeProtected
	nodeSource
	nodeLoose // hosts in no group
	nodeTask
	nodeTunnel
)

type graphEdge struct{ from, to string }

// newGraph draws inv with its tasks and tunnels: in the order of definition, so the same files
// make the same text.
func newGraph(inv *inventory.Inventory, set *tasks.Set) *graph {
	g := &graph{}
	for _, s := range inv.Sources() {
		id := "source " + s.Name
		g.nodes = append(g.nodes, graphNode{id, nodeSource, []string{fmt.Sprintf("source %s %s", s.Kind, s.Name), s.Place}})
		g.edges = append(g.edges, graphEdge{id, "group " + s.Group.Name})
	}
	for _, group := range inv.Groups() {
		n := graphNode{"group " + group.Name, nodeGroup, append([]string{group.Name}, hostLines(group.Hosts)...)}
		if group.Protected {
			n.kind, n.lines[0] = nodeProtected, group.Name+" (protected)"
		}
		g.nodes = append(g.nodes, n)
		for _, child := range group.Children {
			g.edges = append(g.edges, graphEdge{n.id, "group " + child.Name})
		}
	}
	var loose []*inventory.Host
	for _, h := range inv.Hosts() {
		if len(h.Groups()) == 0 {
			loose = append(loose, h)
		}
	}
	if len(loose) > 0 {
		g.nodes = append(g.nodes, graphNode{"hosts", nodeLoose, append([]string{"in no group"}, hostLines(loose)...)})
	}
	for _, t := range set.Tasks() {
		id := "task " + t.Name
		g.nodes = append(g.nodes, graphNode{id, nodeTask, []string{
			id, plural(len(t.Steps), "step") + " on " + term.Truncate(t.Selection(), mostCells),
		}})
		for _, name := range t.DependsOn {
			g.edges = append(g.edges, graphEdge{id, "task " + name})
		}
	}
	for _, t := range inv.Tunnels() {
		id := "tunnel " + t.Name
		g.nodes = append(g.nodes, graphNode{id, nodeTunnel, []string{id, t.Kind.String() + " on " + term.Truncate(t.Hosts, mostCells)}})
	}
	return g
}

// mostCells is how wide a line about hosts may be: a wider box makes the picture
// unreadable.
const mostCells = 40

// hostLines tells how many hosts there are, and which.
func hostLines(hosts []*inventory.Host) []string {
	if len(hosts) == 0 {
		return []string{"no hosts"}
	}
	names := term.Truncate(nodeset.Fold(hostNames(hosts)), mostCells)
	return []string{plural(len(hosts), "host"), names}
}
