package hostkey

import "fleet/transport"

// A Store holds known_hosts files. Its zero value is ready.
type Store struct{}

// Lookup finds what is known about the host at addr, "host:port" as dialled
// (for a host behind a jump host: as the jump host dials it). hk says where to
// look and what to do with a key that is not known.
func (s *Store) Lookup(hk transport.HostKey, addr string) *Known { return &Known{} }

// Warnings returns what was wrong with the files and was not returned before,
// one line each.
func (s *Store) Warnings() []string { return nil }
