package hostkey

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
)

// A newKey waits to be stored; the result is set under file.io.
type newKey struct {
	known *Known
	key   ssh.PublicKey

	done bool
	how  How
	err  error
}

// accept stores the key of a host that is not known. Where that cannot be
// done the key is accepted all the same, as ssh does, with a warning.
func (k *Known) accept(key ssh.PublicKey) (How, error) {
	if k.store == nil {
		return k.notStored(key, errors.New("no known_hosts file is configured")), nil
	}
	n := &newKey{known: k, key: key}
	k.store.add(n)
	return n.how, n.err
}

func (k *Known) notStored(key ssh.PublicKey, err error) How {
	how := k.how(NotStored, key)
	how.Warning = fmt.Sprintf("new host key of %q (%s %s) was accepted but could not be stored: %v", k.name, shortType(how.KeyType), how.Fingerprint, err)
	return how
}

// add stores a key, together with those of others who came meanwhile: with
// thousands of new hosts, one fsync for each would take longer than the dials.
func (f *file) add(n *newKey) {
	f.mu.Lock()
	f.queue = append(f.queue, n)
	f.mu.Unlock()

	f.io.Lock()
	defer f.io.Unlock()
	if n.done {
		return
	}
	f.mu.Lock()
	batch := f.queue
	f.queue = nil
	f.mu.Unlock()
	f.write(batch)
}

// A page is what one write appends.
type page struct {
	text    strings.Builder
	keys    []*newKey
	names   []string
	entries []entry
}

// write appends those of the new keys that are still new by the file as it is
// now. f.io is held.
func (f *file) write(batch []*newKey) {
	x := f.refresh()
	var p page
	for _, n := range batch {
		n.done = true
		n.how, n.err = p.decide(n, x)
	}
	if len(p.keys) == 0 {
		return
	}
	info, err := appendText(f.path, p.text.String(), x.info)
	if err != nil {
		for _, n := range p.keys {
			n.how = n.known.notStored(n.key, err)
		}
		return
	}
	x.appended(p.names, p.entries, info)
	if info == nil {
		f.checked.Store(0)
	}
}

// decide looks at a key again: somebody else may have stored one for the same
// host, in the file or on this page. What is still new goes on the page.
func (p *page) decide(n *newKey, x *index) (How, error) {
	var known []located
	for _, e := range x.match(n.known.name) {
		known = append(known, located{e, x.path})
	}
	for i, name := range p.names {
		if name == n.known.name {
			known = append(known, located{p.entries[i], x.path})
		}
	}
	if err := n.known.revoked(n.key, known); err != nil {
		return How{}, err
	}
	how, err := n.known.plain(n.key, known)
	if _, unknown := errors.AsType[*UnknownError](err); !unknown {
		return how, err
	}
	line, e, err := n.line()
	if err != nil {
		return n.known.notStored(n.key, err), nil
	}
	e.line = x.lines + len(p.entries) + 1
	p.text.WriteString(line)
	p.keys, p.names, p.entries = append(p.keys, n), append(p.names, n.known.name), append(p.entries, e)
	how = n.known.how(Stored, n.key)
	how.File, how.Line = x.path, e.line
	return how, nil
}

// line is what to write for a new key.
func (n *newKey) line() (string, entry, error) {
	e := entry{keyType: n.key.Type(), base64: base64.StdEncoding.EncodeToString(n.key.Marshal())}
	name := n.known.name
	if strings.ContainsAny(name, " \t\r\n,*?!|#@\"") || name == "" {
		return "", e, fmt.Errorf("%q cannot be written as a host name", name)
	}
	if n.known.hash {
		h, err := hashName(name)
		if err != nil {
			return "", e, err
		}
		name = h.String()
	}
	return name + " " + e.keyType + " " + e.base64 + "\n", e, nil
}

// appendText appends in one write and waits for the disk. was is the file as
// it was read; the result is nil where somebody else wrote at the same time,
// so that the file is read again.
func appendText(path, text string, was fs.FileInfo) (fs.FileInfo, error) {
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	// Not os.O_WRONLY: the last byte is looked at.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !endsLine(f, before.Size()) {
		text = "\n" + text
	}
	if _, err := f.WriteString(text); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil && before.Mode().IsRegular() {
		return nil, err
	}
	after, err := f.Stat()
	if err != nil {
		return nil, err
	}
	unchanged := was == nil && before.Size() == 0 || was != nil && os.SameFile(was, before) && was.Size() == before.Size()
	if unchanged && after.Size() == before.Size()+int64(len(text)) {
		return after, nil
	}
	return nil, nil
}

// makeFolder makes ~/.ssh where that is the folder, as ssh does. Any other one
// that is missing is more likely misspelled.
func makeFolder(dir string) error {
	home, err := os.UserHomeDir()
	if err != nil || filepath.Clean(dir) != filepath.Join(home, ".ssh") {
		return nil
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// endsLine reports whether a new line can begin at the end of the file.
func endsLine(f *os.File, size int64) bool {
	if size == 0 {
		return true
	}
	var last [1]byte
	_, err := f.ReadAt(last[:], size-1)
	return err != nil || last[0] == '\n'
}
