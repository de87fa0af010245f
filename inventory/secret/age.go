package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
)

// Age is a file that was encrypted with age, armored or not.
type Age struct {
	// File is relative to Dir, or begins with "~/".
	File string
	// Identities are files of identities, or private keys of SSH, any of which
	// may open File. A file of identities may be encrypted with a passphrase.
	Identities []string
	// Passphrase is set where File is encrypted with a passphrase, which is
	// asked for.
	Passphrase bool
	// Dir is the folder of the file that declares the secret.
	Dir string
}

// Check is part of Provider.
func (a Age) Check() error {
	for _, identity := range a.Identities {
		if err := checkPath("identity", identity); err != nil {
			return err
		}
	}
	switch {
	case len(a.Identities) == 0 && !a.Passphrase:
		return errors.New("age needs an identity or passphrase = true")
	case len(a.Identities) > 0 && a.Passphrase:
		return errors.New("age takes an identity or passphrase = true, not both")
	default:
		return checkPath("file", a.File)
	}
}

func (a Age) reveal(ctx context.Context, r *Resolver) (string, error) {
	data, _, err := r.readFile(a.Dir, a.File) // encrypted, and often in a repository
	if err != nil {
		return "", err
	}
	if !isAge(data) {
		return "", fmt.Errorf("%q is not a file of age", a.File)
	}
	var text []byte
	if a.Passphrase {
		text, err = r.openByPassphrase(ctx, a.File, data)
	} else {
		var identities []age.Identity
		for _, file := range a.Identities {
			more, err := r.identities(ctx, a.Dir, file)
			if err != nil {
				return "", err
			}
			identities = append(identities, more...)
		}
		text, err = decrypt(a.File, data, identities...)
	}
	return withoutLineEnd(string(text)), err
}

// openByPassphrase asks for the passphrase of an encrypted file, once.
func (r *Resolver) openByPassphrase(ctx context.Context, file string, data []byte) ([]byte, error) {
	passphrase, err := r.ask(ctx, fmt.Sprintf("Passphrase for %s: ", file))
	if err != nil {
		return nil, err
	}
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, err
	}
	return decrypt(file, data, identity)
}

// identities reads a file of identities.
func (r *Resolver) identities(ctx context.Context, dir, file string) ([]age.Identity, error) {
	data, err := r.readPrivate(dir, file)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	if isAge(data) {
		if data, err = r.openByPassphrase(ctx, file, data); err != nil {
			return nil, err
		}
	}
	// What the parsers say may quote the keys.
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN ")) {
		identity, err := agessh.ParseIdentity(data)
		if err != nil {
			return nil, fmt.Errorf("identity %q: of SSH only Ed25519 and RSA keys without a passphrase can be used", file)
		}
		return []age.Identity{identity}, nil
	}
	list, err := age.ParseIdentities(bytes.NewReader(data))
	switch {
	case err != nil && strings.Contains(string(data), "AGE-PLUGIN-"):
		return nil, fmt.Errorf("identity %q: identities of plugins cannot be used; hint: exec can run age itself", file)
	case err != nil:
		return nil, fmt.Errorf("identity %q holds no identity of age; hint: age-keygen makes one", file)
	default:
		return list, nil
	}
}

// isAge reports whether data is encrypted with age, or claims to be.
func isAge(data []byte) bool {
	return bytes.HasPrefix(data, []byte("age-encryption.org/")) || isArmored(data)
}

func isArmored(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(data), []byte(armor.Header))
}

// decrypt opens a file of age. Errors say nothing of what is in it.
func decrypt(file string, data []byte, identities ...age.Identity) ([]byte, error) {
	var src io.Reader = bytes.NewReader(data)
	if isArmored(data) {
		src = armor.NewReader(src)
	}
	plain, err := age.Decrypt(src, identities...)
	if errors.Is(err, age.ErrIncorrectIdentity) {
		return nil, notOpened(file, identities)
	}
	if err == nil {
		data, err = io.ReadAll(io.LimitReader(plain, textMax+3))
	}
	if err != nil {
		return nil, fmt.Errorf("%q is damaged, or of a kind of age that is not known", file)
	}
	return data, nil
}

// notOpened says why none of identities fits.
func notOpened(file string, identities []age.Identity) error {
	if len(identities) == 1 {
		if _, ok := identities[0].(*age.ScryptIdentity); ok {
			return fmt.Errorf("the passphrase does not open %q", file)
		}
		return fmt.Errorf("the identity does not open %q", file)
	}
	return fmt.Errorf("none of the %d identities opens %q", len(identities), file)
}
