package credential

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

// passphraseTries is how often a passphrase may be wrong, as with ssh.
const passphraseTries = 3

// A private key file. It may hold a public key only, whose other half is in
// the agent.
type private struct {
	path    string
	pub     *publicKey // nil where only the passphrase opens it
	problem error      // why the private key cannot be used at all
	hint    string     // what to do about the problem

	mu      sync.Mutex
	locked  []byte     // the file, while its passphrase is not known
	signer  ssh.Signer // nil while locked, and for public keys
	refused []refusal  // the oldest first
}

// A refusal is that a user did not give the passphrase. Others may.
type refusal struct {
	by  any   // an asker's id
	err error // why that one is not asked again
}

// maxRefusals bounds what is remembered of those who come and go.
const maxRefusals = 64

// errPublicOnly says that a file has no private key in it.
var errPublicOnly = errors.New("it is a public key, and the agent does not hold the private one")

func parsePrivate(path string, data []byte, info fs.FileInfo) *private {
	p := &private{path: path}
	signer, err := ssh.ParsePrivateKey(data)
	missing, locked := errors.AsType[*ssh.PassphraseMissingError](err)
	switch {
	case err == nil:
		p.pub, p.signer = newPublicKey(signer.PublicKey()), signer
	case locked:
		p.locked = data
		if missing.PublicKey != nil {
			p.pub = newPublicKey(missing.PublicKey)
		}
	default:
		if pub, _, _, _, perr := ssh.ParseAuthorizedKey(data); perr == nil {
			p.pub, p.problem = newPublicKey(plainKey(pub)), errPublicOnly
			p.hint = "load it with ssh-add, or name the private key file"
			return p
		}
		p.hint, p.problem = explainFormat(path, data, err)
		return p
	}
	if !isPrivate(info) {
		p.problem = fmt.Errorf("others may read it (mode %04o)", info.Mode().Perm())
		p.hint = "chmod 600 " + path
	}
	return p
}

// explainFormat says what a file is that x/crypto cannot read.
func explainFormat(path string, data []byte, err error) (hint string, problem error) {
	switch {
	case bytes.Contains(data, []byte("BEGIN ENCRYPTED PRIVATE KEY")):
		return "convert it: ssh-keygen -p -f " + path, errors.New("encrypted PKCS#8 is not supported")
	case bytes.HasPrefix(data, []byte("PuTTY-User-Key-File")):
		return "convert it: puttygen " + path + " -O private-openssh -o NEWFILE", errors.New("it is a PuTTY key")
	case len(bytes.TrimSpace(data)) == 0:
		return "", errors.New("it is empty")
	case bytes.Contains(data, []byte("-----BEGIN ")) && bytes.Contains(data, []byte(" PRIVATE KEY-----")):
		return explainPEM(data, err)
	default:
		return "", errors.New("it is not a private key")
	}
}

// explainPEM says what is wrong with a file that looks like a private key.
func explainPEM(data []byte, err error) (hint string, problem error) {
	const again = "copy it again from where it is whole"
	block, _ := pem.Decode(data)
	switch {
	case block == nil && !bytes.Contains(data, []byte("-----END ")):
		return again, errors.New("the private key is cut short: its last line is missing")
	case block == nil:
		return again, errors.New("the private key is damaged: it is not base64 between its first and its last line")
	case bytes.Contains(block.Bytes, []byte("sk-ssh-")), bytes.Contains(block.Bytes, []byte("sk-ecdsa-")):
		return "load it into the agent with ssh-add", errors.New("the key is in a security device, which only the agent can use")
	default:
		return "", fmt.Errorf("the private key cannot be read: %s", strings.TrimPrefix(err.Error(), "ssh: "))
	}
}

// state tells whether the key can sign now, or after asking who has this id.
func (p *private) state(id any) (open, locked bool, refused error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signer != nil, p.locked != nil, p.refusal(id)
}

// refusal is why the one with this id is not asked again; p.mu is held.
func (p *private) refusal(id any) error {
	for _, r := range p.refused {
		if r.by == id {
			return r.err
		}
	}
	return nil
}

// open returns the signer, asking for the passphrase where that is needed. The
// question is asked once of each user, whoever needs the key; a right answer serves
// all.
func (p *private) open(ctx context.Context, s *Store, who asker) (ssh.Signer, error) {
	if signer, err := p.opened(who); signer != nil || err != nil {
		return signer, err
	}
	release, err := s.floor(ctx, who)
	if err != nil {
		return nil, err
	}
	defer release()
	if signer, err := p.opened(who); signer != nil || err != nil {
		return signer, err
	}
	signer, err := p.ask(ctx, who)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx) // the next one may ask
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.signer != nil: // somebody else was faster
	case err == nil:
		p.signer, p.locked, p.refused = signer, nil, nil
	default:
		if !gaveUp(err) {
			p.refused = append(p.refused[max(0, len(p.refused)+1-maxRefusals):], refusal{who.id, err})
		}
		return nil, err
	}
	return p.signer, nil
}

// gaveUp reports whether err is that of one who was not there to the end of the
// question: that is no answer to remember.
func gaveUp(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// opened is the result of an earlier open; neither is set before that.
func (p *private) opened(who asker) (ssh.Signer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	refused := p.refusal(who.id)
	if p.signer == nil && refused == nil && p.locked == nil {
		return nil, errPublicOnly
	}
	if p.signer != nil {
		return p.signer, nil
	}
	return nil, refused
}

// ask asks for the passphrase. Its caller has the floor.
func (p *private) ask(ctx context.Context, who asker) (ssh.Signer, error) {
	p.mu.Lock()
	signer, locked := p.signer, p.locked
	p.mu.Unlock()
	if signer != nil {
		return signer, nil
	}
	for try := range passphraseTries {
		answer, err := who.question(ctx, Question{
			Kind: Passphrase, File: p.path, Try: try + 1,
			Text: "Passphrase for " + clean(p.path) + ": ",
		})
		if err != nil {
			return nil, &unasked{err}
		}
		if !answer.IsSet() {
			return nil, errors.New("no passphrase was given")
		}
		signer, err := decrypt(locked, answer)
		if err == nil {
			return signer, nil
		}
		if !errors.Is(err, x509.IncorrectPasswordError) {
			return nil, err
		}
	}
	return nil, errors.New("the passphrase was wrong")
}

// unasked is why a passphrase was not given.
type unasked struct{ err error }

func (e *unasked) Error() string {
	return fmt.Sprintf("its passphrase could not be asked for (%v); load it with ssh-add, or let SSH_ASKPASS name a program that asks", cause(e.err))
}

func (e *unasked) Unwrap() error { return e.err }

// cause is the innermost error of err: what was asked is known.
func cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

func decrypt(data []byte, passphrase transport.Secret) (ssh.Signer, error) {
	return ssh.ParsePrivateKeyWithPassphrase(data, []byte(passphrase.Reveal()))
}
