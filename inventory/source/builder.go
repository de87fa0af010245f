package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/zclconf/go-cty/cty"
)

// maxHosts bounds a source: a million names take a gigabyte before anything is
// done with them.
const (
	maxHosts  = 200_000
	maxGroups = 50_000
)

// A builder collects hosts and groups, and checks their names.
type builder struct {
	report
	data   Data
	hosts  map[string]int
	groups map[string]int
}

func newBuilder() *builder {
	return &builder{hosts: map[string]int{}, groups: map[string]int{}}
}

// host adds a host that must be new. It is nil when the name is none, which is
// reported. The pointer is good until the next host.
func (b *builder) host(name string, at Place) *Host {
	if i, ok := b.hosts[name]; ok {
		b.fail(at, "Duplicate host", "%q stands in the source twice, first at %s. Each host may be there once.", name, b.data.Hosts[i].At)
		return nil
	}
	return b.sameHost(name, at)
}

// sameHost is the host of that name, new or not; nil when the name is none.
func (b *builder) sameHost(name string, at Place) *Host {
	if i, ok := b.hosts[name]; ok {
		return &b.data.Hosts[i]
	}
	if problem := CheckHostName(name); problem != "" {
		b.fail(at, "Invalid host name", "%q is no name for a host: %s.", clean(name, 80), problem)
		return nil
	}
	if len(b.data.Hosts) == maxHosts {
		b.fail(at, "Too many hosts", "A source may have %d hosts.", maxHosts)
		b.more = true // reading on makes no sense
		return nil
	}
	b.hosts[name] = len(b.data.Hosts)
	b.data.Hosts = append(b.data.Hosts, Host{Name: name, At: at})
	return &b.data.Hosts[len(b.data.Hosts)-1]
}

// group is the group of that name, new or not; nil when the name is none. The
// pointer is good until the next group.
func (b *builder) group(name string, at Place) *Group {
	if i, ok := b.groups[name]; ok {
		return &b.data.Groups[i]
	}
	if !ValidGroupName(name) {
		b.fail(at, "Invalid group name", "%q is no name for a group: letters, digits, and any of _ . - after the first.", clean(name, 80))
		return nil
	}
	if len(b.data.Groups) == maxGroups {
		b.fail(at, "Too many groups", "A source may have %d groups.", maxGroups)
		b.more = true // reading on makes no sense
		return nil
	}
	b.groups[name] = len(b.data.Groups)
	b.data.Groups = append(b.data.Groups, Group{Name: name, At: at})
	return &b.data.Groups[len(b.data.Groups)-1]
}

// join puts a host into a group.
func (b *builder) join(group, host string, at Place) {
	if g := b.group(group, at); g != nil {
		g.Hosts = append(g.Hosts, host)
	}
}

// done is what was collected.
func (b *builder) done() *Data {
	b.data.Problems = append(b.data.Problems, b.problems()...)
	return &b.data
}

func (f *Facets) setVar(name string, v cty.Value, at Place) { put(&f.Vars, name, v, at) }

func (f *Facets) setLabel(name, text string, at Place) {
	put(&f.Labels, name, cty.StringVal(text), at)
}

func (f *Facets) setSetting(name, text string, at Place) {
	put(&f.Settings, name, cty.StringVal(text), at)
}

func put(m *map[string]Value, name string, v cty.Value, at Place) {
	if *m == nil {
		*m = map[string]Value{}
	}
	(*m)[name] = Value{Value: v, At: at}
}

// String is file:line.
func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// maxSize is how much of a file, or of what a command prints, is taken.
const maxSize = 64 << 20

// readFile reads a file of at most maxSize bytes.
func readFile(ctx context.Context, path string) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	// A pipe would block in Open until somebody writes to it.
	if info, err := os.Stat(path); err != nil {
		return nil, withoutPath(err)
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if len(text) > maxSize {
		return nil, fmt.Errorf("it is larger than %d MiB", maxSize>>20)
	}
	return text, nil
}

// withoutPath leaves the file's name out of an error: the place tells it.
func withoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// unreadable is the answer of a source whose file cannot be read. Its place is
// where the source is declared.
func unreadable(path string, err error) *Data {
	return &Data{Problems: []Problem{{Summary: "Cannot read source", Detail: fmt.Sprintf("%q cannot be read: %s.", path, err)}}}
}
