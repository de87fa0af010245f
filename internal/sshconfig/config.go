package sshconfig

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Config is a set of configuration files that were read. It is safe for
// concurrent use.
type Config struct {
	env      *env
	keywords map[string]*keyword
	files    []*file
	hosts    []HostName
	final    bool // a second walk is needed
	execs    execCache
}

// A Query asks what the configuration means for one host.
type Query struct {
	// Host is the name as the user typed it.
	Host string
	// User, Port and Jump are -l, -p and -J; where set, they win over
	// everything else.
	User, Port, Jump string
	// Options are -o arguments, "Keyword=value" or "Keyword value"; they win
	// over the files.
	Options []string
	// ExecTimeout bounds each command of Match exec that this query is the
	// first to need. Zero is DefaultExecTimeout.
	ExecTimeout time.Duration
}

// A HostName is a name on a Host line, and where it stands first. File is
// written as in errors, with ~ for the home folder.
type HostName struct {
	Name, File string
	Line       int
}

// Hosts returns the names on Host lines, without patterns and negated names,
// each once and sorted.
func (c *Config) Hosts() []HostName { return slices.Clone(c.hosts) }

// Resolve says what the configuration means for a host. The context bounds the
// commands of Match exec, of which each distinct text runs once in the life of
// c. An error names the line, or the -o argument, that is wrong; not the host,
// so that the same mistake reads the same for all of them.
func (c *Config) Resolve(ctx context.Context, q Query) (*Result, error) {
	w, err := c.walk(ctx, &q)
	if err != nil {
		return nil, fmt.Errorf("ssh configuration: %w", err)
	}
	r, err := w.result()
	if err != nil {
		return nil, fmt.Errorf("ssh configuration: %w", err)
	}
	return r, nil
}

func (c *Config) newWalk(host string) *walk {
	return &walk{
		config: c, env: c.env,
		host: host, original: host,
		set: make(map[string]setting, 24),
	}
}

// walk collects the settings for a host, not yet expanded.
func (c *Config) walk(ctx context.Context, q *Query) (*walk, error) {
	w := c.newWalk(q.Host)
	w.ctx, w.execTimeout = ctx, q.ExecTimeout
	if q.Host == "" || !safeHost(q.Host) {
		return nil, errUnsafeHost
	}
	if err := w.commandLine(q); err != nil {
		return nil, err
	}
	if err := w.files(); err != nil {
		return nil, err
	}
	host, err := w.currentHost()
	if err != nil {
		return nil, err
	}
	w.host = finalHost(host, w.first("addressfamily"))
	if !c.final {
		return w, nil
	}
	// ssh reads everything once more, with the name it has found; another
	// HostName comes too late to count.
	w.final = true
	w.fix("hostname", w.host)
	return w, w.files()
}
