package source

import (
	"context"
	"slices"

	"fleet/internal/nodeset"
	"fleet/internal/sshconfig"
)

// SSHConfigOptions say which files, and which hosts of them.
type SSHConfigOptions struct {
	// Files are where to read. The zero value is what ssh reads.
	Files sshconfig.Files
	// Include and Exclude are globs; * is any text, ? any one character. A host
	// is taken when one of Include matches, or there is none, and none of
	// Exclude does.
	Include, Exclude []string
}

// SSHConfig lists the hosts that ssh_config names: the words of Host lines
// without wildcards and negations, also those of included files. It takes their
// names alone: how to reach them is looked up in ssh_config anyway, for every
// host.
func SSHConfig(ctx context.Context, o SSHConfigOptions) *Data {
	b := newBuilder()
	at := Place{} // that of the source itself
	if ctx.Err() != nil {
		b.fail(at, "Cannot read source", "Reading was stopped: %s.", context.Cause(ctx))
		return b.done()
	}
	c, err := sshconfig.Load(o.Files)
	if err != nil {
		b.fail(at, "Cannot read source", "The ssh configuration cannot be read: %s.", err)
		return b.done()
	}
	hosts := c.Hosts()
	for _, glob := range o.Include {
		if !slices.ContainsFunc(hosts, func(h sshconfig.HostName) bool { return nodeset.Match(glob, h.Name) }) {
			b.warn(at, "Nothing included", "%q matches no host of the ssh configuration.", glob)
		}
	}
	for _, h := range hosts {
		if o.takes(h.Name) {
			b.alias(h)
		}
	}
	return b.done()
}

func (o *SSHConfigOptions) takes(name string) bool {
	match := func(glob string) bool { return nodeset.Match(glob, name) }
	return (len(o.Include) == 0 || slices.ContainsFunc(o.Include, match)) && !slices.ContainsFunc(o.Exclude, match)
}

// alias adds a host. What ssh takes for a name and fleet does not is left out: it
// cannot be meant, as with "Host user@web".
func (b *builder) alias(h sshconfig.HostName) {
	at := Place{h.File, h.Line}
	if problem := CheckHostName(h.Name); problem != "" {
		b.warn(at, "Invalid host name", "%q is no name for a host, and is left out: %s.", clean(h.Name, 80), problem)
		return
	}
	b.host(h.Name, at)
}
