package sshd

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// A Key is a private key that signs, for a host or for a user.
type Key struct {
	ssh.Signer
	private ed25519.PrivateKey
}

// NewKey makes a new ed25519 key.
func NewKey() (*Key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("sshd: make a key: %w", err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return nil, fmt.Errorf("sshd: make a key: %w", err)
	}
	return &Key{Signer: signer, private: private}, nil
}

// PEM is the private key as in an OpenSSH identity file, without passphrase.
func (k *Key) PEM() ([]byte, error) {
	block, err := ssh.MarshalPrivateKey(k.private, "")
	if err != nil {
		return nil, fmt.Errorf("sshd: encode a key: %w", err)
	}
	return pem.EncodeToMemory(block), nil
}

// Line is the public key as in authorized_keys and, after a host's name, in
// known_hosts: type and base64, without a newline.
func (k *Key) Line() string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k.PublicKey())))
}
