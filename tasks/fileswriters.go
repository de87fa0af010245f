package tasks

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"fleet/inventory"
)

// A writing is a path of this machine that a step writes. Copies on this machine
// are in each other's way where hosts have their turn together; what is fetched
// has to stay, so that its task is nil.
type writing struct {
	task  *Planned
	batch int
	path  string
}

// A writer is for whom a path of this machine is written.
type writer struct {
	step     *Step
	host, on *inventory.Host
	key      string
}

// name says where it comes from, and for whom.
func (w writer) name() string {
	out := w.host.Name
	if w.on != nil {
		out = w.on.Name + " for " + out
	}
	if w.key != "" {
		out += fmt.Sprintf(" with %q", w.key)
	}
	return out
}

// spoils reports whether w and other cannot both write a path. Steps of one host
// come one after another, and may mean to.
func (w writer) spoils(other writer) bool {
	return w.host != other.host || w.step == other.step && (w.on != other.on || w.key != other.key)
}

// writers looks for what would be written to one path of this machine for several
// hosts, machines or elements: one would replace the other. It is told once for a step.
func (k *checker) writers(h *Host, x *stepExprs, b *Bound) {
	if x.Once && h.index > 0 || k.spoilt[x.Step] {
		return
	}
	for _, c := range b.Calls {
		at, ok := h.writes(c)
		if !ok {
			continue
		}
		one := writer{x.Step, h.host, c.On, c.Key}
		first, taken := k.writes[at]
		if !taken {
			k.writes[at] = one
			continue
		}
		if !one.spoils(first) {
			continue
		}
		k.spoilt[x.Step] = true
		m := &maker{host: h}
		m.fail(x.attrs[x.Kind+".destination"], "Conflicting destinations",
			"The step %q would write %q for %s and for %s, and one would replace the other. %s", x.Name, nearPath(at.path), first.name(), one.name(), one.way(first, x.Kind))
		k.add(h, 1, m.diags)
		return
	}
}

// nearPath is a path on this machine as seen from the working folder, where it is
// below that.
func nearPath(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if near, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(near) {
		return near
	}
	return path
}

// way is how w and other get paths of their own.
func (w writer) way(other writer, kind string) string {
	switch {
	case w.key != other.key:
		return "Make the destination from each.key."
	case w.on != nil && w.on == other.on:
		return "Make the destination from host.name, or say once = true to have it one time."
	case kind == "fetch":
		return "Put {host} into the destination."
	}
	return "Make the destination from host.name, or say once = true to have it one time."
}

// writes is the path of this machine that c writes.
func (h *Host) writes(c *Call) (writing, bool) {
	at := writing{task: h.task, batch: h.task.batchOf(h.index)}
	switch a := c.Action.(type) {
	case *Fetch:
		at = writing{path: a.Destination}
	case *Copy:
		at.path = a.Destination
		if strings.HasSuffix(at.path, "/") {
			at.path = path.Join(at.path, path.Base(a.Source))
		}
	case *Sync:
		at.path = a.Destination
	}
	_, fetches := c.Action.(*Fetch)
	return at, at.path != "" && (fetches || c.Local)
}
