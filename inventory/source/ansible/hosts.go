package ansible

import (
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"fleet/inventory/source"
)

// addHosts puts the hosts of a pattern into a group and gives them variables.
func (l *loader) addHosts(pattern string, into int32, at source.Place, vars []variable) {
	name, port := l.addresses.split(pattern)
	if port == "" && len(name) > 1 && name[len(name)-1] == ':' {
		l.fail(at, "Invalid host name", "%q ends in a colon, after which a port is expected.", shorten(pattern))
		return
	}
	list, tail, count, err := spans(name, maxNames)
	if err != nil {
		l.fail(at, "Invalid host range", "%q is no range of hosts: %v.", shorten(pattern), err)
		return
	}
	if count == 0 {
		l.warn(at, "Empty host range", "%q stands for no host, because a range in it ends before it begins.", shorten(pattern))
	}
	if l.names += count; l.names > maxNames {
		l.fail(at, "Inventory too large", "%q and the names before it are more than %d.", shorten(pattern), maxNames)
		return
	}
	var portValue cty.Value
	if port != "" {
		n, err := strconv.Atoi(port)
		if err != nil {
			l.fail(at, "Invalid host name", "The port in %q is no number that could be one.", shorten(pattern))
			return
		}
		portValue = cty.NumberIntVal(int64(n))
	}
	if count > 0 && l.values < (count-1)*len(vars) {
		l.tooManyValues(at)
		return
	}
	l.values -= count * len(vars)
	bad := false
	expand(list, tail, "", func(name string) {
		if bad {
			return
		}
		if problem := checkHostName(name); problem != "" {
			bad = true
			l.fail(at, "Invalid host name", "%q cannot be the name of a host: %s.", shorten(name), problem)
			return
		}
		if _, known := l.model.hostIndex[name]; !known && len(l.model.hosts) == maxHosts {
			bad = true
			l.fail(at, "Inventory too large", "An inventory may have %d hosts.", maxHosts)
			return
		}
		h, added := l.model.host(name, into, at)
		if added && port != "" {
			l.model.hosts[h].Vars = map[string]source.Value{"ansible_port": {Value: portValue, At: at}}
		}
		for _, v := range vars {
			l.model.setHostVar(h, v.name, v.value)
		}
	})
}

// A variable is one that is set.
type variable struct {
	name  string
	value source.Value
}

func (l *loader) tooManyValues(at source.Place) {
	l.fail(at, "Inventory too large", "An inventory may have %d values, and %d of them by aliases.", maxValues, maxAliased)
}

// checkHostName is the rule of package source, and refuses what would lead to
// another folder as the name of a file in host_vars.
func checkHostName(name string) string {
	if name == "." || name == ".." {
		return "it is the name of a folder"
	}
	return source.CheckHostName(name)
}

// groupName reports whether a name can be a group; if not, it says so.
func (l *loader) groupName(name string, at source.Place) bool {
	switch {
	case !source.ValidGroupName(name):
		l.fail(at, "Invalid group name", "%q cannot be the name of a group: it begins with a letter, a digit or _, and has letters, digits and _ . - only.", shorten(name))
		return false
	case len(l.model.groups) >= maxGroups:
		l.fail(at, "Inventory too large", "An inventory may have %d groups.", maxGroups)
		return false
	}
	return true
}

// addChild makes a group a child of another.
func (l *loader) addChild(parent, child int32, at source.Place) {
	switch {
	case parent == child:
		l.fail(at, "Group loop", "%q cannot be a child of itself.", l.model.groups[child].name)
	case child == all:
		l.fail(at, "Group loop", "\"all\" holds every group, so it cannot be a child of one.")
	case child == ungrouped && parent != all:
		l.fail(at, "Group loop", "\"ungrouped\" holds the hosts that are in no group, so it cannot be a child of one.")
	case parent == all && child == ungrouped:
	default:
		l.model.child(parent, child, at)
	}
}
