package tasks

import "fleet/inventory"

// delegation is where steps of a plan are carried out instead of on their hosts.
type delegation struct {
	seen     map[*inventory.Host]bool
	hosts    []*inventory.Host
	anywhere []string
}

// add notes where x is carried out for h, for which it was made as b. What may yet
// turn out not to be done counts: who is asked beforehand has to know the most that
// may be touched.
func (d *delegation) add(h *Host, x *stepExprs, b *Bound) {
	if x.attrs["on"] == nil || b.Skip != "" {
		return
	}
	for _, c := range b.Calls {
		if c.On != nil {
			d.host(c.On)
		}
	}
	open := b.open
	if b.Late && len(b.Calls) == 0 && !open { // for_each is not known; on may not need it
		m := h.maker(&x.all)
		if x.attrs["for_each"] != nil {
			m = m.with(unknownEach())
		}
		hosts, ok := h.machines(x, m)
		for _, one := range hosts {
			d.host(one)
		}
		open = !ok
	}
	if name := x.task.Name + "." + x.Name; open && (len(d.anywhere) == 0 || d.anywhere[len(d.anywhere)-1] != name) {
		d.anywhere = append(d.anywhere, name)
	}
}

func (d *delegation) host(h *inventory.Host) {
	if !d.seen[h] {
		d.seen[h] = true
		d.hosts = append(d.hosts, h)
	}
}
