package lab

import (
	"fmt"
	"strconv"
)

// MaxHosts bounds a lab.
const MaxHosts = 10_000

// DefaultHosts is the size of a lab where Options.N is 0.
const DefaultHosts = 10

// Options say what a lab is like. The zero value is ten healthy hosts in a new
// folder.
type Options struct {
	// N is the number of hosts, lab01 to labN. Default 10.
	N int
	// Dir is the folder. It may exist, without the files of another lab in it.
	// Default: a new one in the system's folder for temporary files.
	Dir string
	// Addresses gives every host an address of its own in 127.0.0.0/8 and all
	// the same port; the default is one address and many ports. Linux only.
	Addresses bool
	// Faults make hosts misbehave, in the form that Faults describes.
	Faults []string
	// Registry is the folder that Dirs reads. Default: the lab is not listed.
	Registry string
}

// Check tells what is wrong with o, in words for the user.
func (o Options) Check() error {
	_, err := o.plan()
	return err
}

// plan lays the hosts out, with their faults.
func (o Options) plan() ([]*host, error) {
	if o.N == 0 {
		o.N = DefaultHosts
	}
	if o.N < 1 || o.N > MaxHosts {
		return nil, fmt.Errorf("a lab has 1 to %d hosts, not %d", MaxHosts, o.N)
	}
	if err := supported(o); err != nil {
		return nil, err
	}
	width := max(2, len(strconv.Itoa(o.N)))
	hosts := make([]*host, o.N)
	for i := range hosts {
		h := &host{Host: Host{Name: fmt.Sprintf("lab%0*d", width, i+1)}}
		h.faults.MaxSessions = 10 // as a stock sshd
		hosts[i] = h
	}
	return hosts, applyFaults(hosts, o.Faults)
}
