package credential

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"fleet/transport"
)

// An identity is what is known about one configured key.
type identity struct {
	path    string
	pub     *publicKey
	private *private // nil where the file cannot be read
	err     error    // why it cannot
	certs   []certificate
}

// A certificate and the file it is in.
type certificate struct {
	path string
	key  *publicKey
}

// prepare loads the keys and puts them in the order to offer them.
func (l *Login) prepare() error {
	cfg := &l.target.Login
	held := l.agentKeys(cfg.Agent)
	extra := l.certificates(cfg.Certificates)
	var inAgent, inFile, others []*candidate
	for _, path := range cfg.Identities {
		id := l.identity(path)
		id.certs = append(id.certs, extra...)
		if keys := l.fromAgent(id, held); len(keys) > 0 {
			inAgent = append(inAgent, keys...)
			continue
		}
		keys, err := l.fromFile(id)
		if err != nil {
			return err
		}
		inFile = append(inFile, keys...)
	}
	if !cfg.IdentitiesOnly {
		others = l.otherKeys(held, extra)
	}
	// OpenSSH tries all of the agent before a file. But servers end the
	// connection at the sixth key (MaxAuthTries), so that a key the user has
	// named would never have its turn beside a full agent.
	order := [][]*candidate{inAgent, others, inFile}
	if cfg.Explicit {
		order = [][]*candidate{inAgent, inFile, others}
	}
	l.candidates = unique(slices.Concat(order...))
	l.limit()
	return nil
}

// Servers count every key that is offered as a try. maxKeys is far above what
// any server takes, and far below where x/crypto gives up; maxKeysFirst leaves
// a password its turn with MaxAuthTries 6, OpenSSH's default.
const (
	maxKeys      = 20
	maxKeysFirst = 5
)

func (l *Login) limit() {
	n := maxKeys
	if l.target.Login.Password.IsSet() {
		n = maxKeysFirst
	}
	if over := len(l.candidates) - n; over > 0 {
		l.notice("%d more keys are not offered, since servers count each as a try: name the right one", over)
		l.candidates = l.candidates[:n]
	}
}

func unique(list []*candidate) []*candidate {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(list, func(c *candidate) bool {
		dup := seen[c.key.blob]
		seen[c.key.blob] = true
		return dup
	})
}

// identity reads what there is about one configured key.
func (l *Login) identity(path string) *identity {
	id := &identity{path: path}
	id.private, id.err = l.store.private(path)
	if id.err == nil {
		id.pub = id.private.pub
	}
	base := strings.TrimSuffix(path, ".pub")
	if id.pub == nil {
		if pub, err := l.store.public(base + ".pub"); err == nil && pub.key != nil && pub.key.certificate() == nil {
			id.pub = pub.key
		}
	}
	if cert := base + "-cert.pub"; id.pub != nil {
		if pub, err := l.store.public(cert); err == nil {
			id.certs = l.addCertificate(nil, pub)
		}
	}
	return id
}

// certificates reads the certificate files the user has named.
func (l *Login) certificates(paths []string) []certificate {
	var certs []certificate
	for _, path := range paths {
		pub, err := l.store.public(path)
		if err != nil {
			l.notice("certificate %q is not used: %v", path, reason(err))
			continue
		}
		certs = l.addCertificate(certs, pub)
	}
	return certs
}

// addCertificate adds a certificate that is good now.
func (l *Login) addCertificate(certs []certificate, pub *public) []certificate {
	cert, err := pub.certificate()
	if err == nil {
		err = checkTime(cert, time.Now())
	}
	if err != nil {
		l.notice("certificate %q is not used: %v", pub.path, err)
		return certs
	}
	return append(certs, certificate{pub.path, pub.key})
}

// fromFile makes candidates of a key whose private half is in its file. What
// the user has named must be usable; a default may be missing, and any may be
// locked.
func (l *Login) fromFile(id *identity) ([]*candidate, error) {
	err, hint := id.err, ""
	if err == nil {
		err, hint = id.private.problem, id.private.hint
	}
	cfg := &l.target.Login
	switch {
	case errors.Is(err, fs.ErrNotExist) && !cfg.Explicit:
		return nil, nil
	case err != nil && cfg.Explicit && !cfg.Optional:
		return nil, &transport.Error{
			Op: "login", Host: l.target.Label(), Kind: transport.KindAuth, Hint: hint,
			Err: fmt.Errorf("identity %q: %w", id.path, reason(err)),
		}
	case err != nil:
		l.notice("%s", withHint(fmt.Sprintf("key %q is not used: %v", id.path, reason(err)), hint))
		return nil, nil
	}
	pub, err := l.unlockable(id)
	if err != nil {
		l.notice("key %q is not used: %v", id.path, err)
		return nil, nil
	}
	base := candidate{key: pub, file: id.private, offer: Offer{File: id.path}}
	return l.withCertificates(base, id.certs), nil
}

// unlockable returns the public key of a file whose private key can be used,
// now or after asking. Only a key that does not show its public half is asked
// for before it is offered.
func (l *Login) unlockable(id *identity) (*publicKey, error) {
	open, locked, refused := id.private.state(l.asker.id)
	switch {
	case open && id.private.pub != nil:
		return id.private.pub, nil
	case refused != nil:
		return nil, refused
	case locked && (l.asker.ask == nil || l.target.Login.Batch):
		return nil, errors.New("it has a passphrase; load it with ssh-add")
	case locked && id.pub != nil:
		return id.pub, nil
	}
	signer, err := id.private.open(l.ctx, l.store, l.asker)
	if err != nil {
		return nil, err
	}
	return newPublicKey(signer.PublicKey()), nil
}

// withCertificates makes candidates of a key: first its certificates, then the
// key itself.
func (l *Login) withCertificates(base candidate, certs []certificate) []*candidate {
	var list []*candidate
	for _, c := range certs {
		if c.key.plain == base.key.blob {
			withCert := base
			withCert.key, withCert.offer.CertFile = c.key, c.path
			list = append(list, &withCert)
		}
	}
	list = append(list, &base)
	for _, c := range list {
		c.describe()
	}
	return slices.DeleteFunc(list, func(c *candidate) bool {
		c.algorithms = signatures(c.key, l.target.Link.PubkeyAlgorithms, l.target.Link.Legacy)
		if len(c.algorithms) == 0 {
			l.notice("%s is not used: the algorithms that are allowed do not include it", c.offer)
		}
		return len(c.algorithms) == 0
	})
}

// describe fills in what the log says about the key.
func (c *candidate) describe() {
	c.offer.Type, c.offer.Fingerprint = c.key.Type(), c.key.fingerprint
	if cert := c.key.certificate(); cert != nil {
		c.offer.KeyID, c.offer.Expires = clean(cert.KeyId), expiry(cert)
	}
}

// askAhead asks for the passphrases of keys that will probably be needed: those
// the user has named, and defaults where there is nothing else to try.
func (l *Login) askAhead() {
	ready := slices.ContainsFunc(l.candidates, func(c *candidate) bool { return !c.locked() })
	if ready && !l.target.Login.Explicit {
		return
	}
	for _, c := range l.candidates {
		if c.locked() {
			_, err := c.file.open(l.ctx, l.store, l.asker)
			if err != nil && context.Cause(l.ctx) == nil {
				l.store.logger().Debug("key left locked", "file", c.offer.File, "err", err)
			}
		}
	}
}

func (c *candidate) locked() bool {
	if c.file == nil {
		return false
	}
	open, _, _ := c.file.state(nil)
	return !open
}

// reason is an error without the path that the message has already.
func reason(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}

func withHint(text, hint string) string {
	if hint != "" {
		text += "; " + hint
	}
	return text
}
