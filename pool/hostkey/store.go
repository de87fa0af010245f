package hostkey

import (
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"fleet/transport"
)

// A Store holds known_hosts files. Its zero value is ready.
type Store struct {
	clock func() time.Time // nil is time.Now

	mu     sync.Mutex
	files  map[string]*file
	lists  map[string]*revokedFile
	warned map[string]bool
	unread []string // warnings not yet returned
}

// Lookup finds what is known about the host at addr, "host:port" as dialed
// (for a host behind a jump host: as the jump host dials it). hk says where to
// look and what to do with a key that is not known.
func (s *Store) Lookup(hk transport.HostKey, addr string) *Known {
	k := &Known{now: s.now, policy: hk.Policy, hash: hk.Hash}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = strings.Trim(addr, "[]"), ""
	}
	host = strings.ToLower(host)
	switch {
	case hk.Alias != "":
		// An alias stands for host and port together; ssh adds no port to it.
		k.name = strings.ToLower(hk.Alias)
		k.principal = k.name
	case port == "" || port == "22":
		k.name, k.principal = host, host
	default:
		k.name, k.principal = "["+host+"]:"+port, host
		k.bare = host
	}
	for _, path := range hk.Revoked {
		k.lists = append(k.lists, s.list(path))
	}
	if hk.Policy == transport.HostKeyOff {
		return k
	}
	for _, path := range slices.Concat(hk.Files, hk.GlobalFiles) {
		if f := s.file(path); !slices.Contains(k.files, f) {
			k.files = append(k.files, f)
		}
	}
	if len(hk.Files) > 0 {
		k.store = k.files[0]
	}
	return k
}

// Renew has the files looked at again with their next use, however short ago that
// was done: for somebody else, who may just have changed them.
func (s *Store) Renew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		f.checked.Store(0)
	}
	for _, f := range s.lists {
		f.old.Store(true)
	}
}

// Warnings returns what was wrong with the files and was not returned before,
// one line each.
func (s *Store) Warnings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.unread
	s.unread = nil
	return w
}

func (s *Store) file(path string) *file {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[path]
	if f == nil {
		f = &file{path: path, warn: s.warn, now: s.now}
		if s.files == nil {
			s.files = make(map[string]*file)
		}
		s.files[path] = f
	}
	return f
}

func (s *Store) list(path string) *revokedFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lists[path]
	if f == nil {
		f = &revokedFile{path: path, now: s.now}
		if s.lists == nil {
			s.lists = make(map[string]*revokedFile)
		}
		s.lists[path] = f
	}
	return f
}

// warn keeps a warning, unless it was kept before.
func (s *Store) warn(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.warned[text] {
		return
	}
	if s.warned == nil {
		s.warned = make(map[string]bool)
	}
	s.warned[text] = true
	s.unread = append(s.unread, text)
}

func (s *Store) now() time.Time {
	if s.clock != nil {
		return s.clock()
	}
	return time.Now()
}
