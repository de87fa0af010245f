package credential

import (
	"context"
	"io"

	"golang.org/x/crypto/ssh"
)

// A candidate is a key that may be offered: everything but the connection.
type candidate struct {
	offer      Offer
	key        *publicKey // the key or a certificate of it
	algorithms []string

	// Exactly one of the two holds the private key.
	agent *keyAgent
	held  agentKey // in that agent
	file  *private
}

func (c *candidate) sign(ctx context.Context, s *Store, who asker, rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	if c.agent != nil {
		return c.agent.sign(ctx, c.held, data, algorithm)
	}
	signer, err := c.file.open(ctx, s, who)
	if err != nil {
		return nil, err
	}
	if as, ok := signer.(ssh.AlgorithmSigner); ok {
		return as.SignWithAlgorithm(rand, data, algorithm)
	}
	return signer.Sign(rand, data)
}

// A signer offers one candidate on one connection (ssh.MultiAlgorithmSigner).
// x/crypto asks the server about the key first, and signs only when the server
// wants it.
type signer struct {
	login *Login
	*candidate

	// Under login.mu.
	sent bool  // the server was asked about the key
	err  error // signing failed
}

func (s *signer) PublicKey() ssh.PublicKey { return offeredKey{s.key, s} }

func (s *signer) Algorithms() []string { return s.algorithms }

func (s *signer) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return s.SignWithAlgorithm(rand, data, s.algorithms[0])
}

func (s *signer) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	sig, err := s.sign(s.login.ctx, s.login.store, s.login.asker, rand, data, algorithm)
	s.login.mu.Lock()
	s.err = err
	s.login.mu.Unlock()
	return sig, err
}

// An offeredKey is marshaled once for all connections, and notes that it was
// sent: a key whose algorithm the server does not know is left out silently.
type offeredKey struct {
	ssh.PublicKey
	signer *signer
}

func (k offeredKey) Marshal() []byte {
	k.signer.login.mu.Lock()
	k.signer.sent = true
	k.signer.login.mu.Unlock()
	return []byte(k.signer.key.blob)
}
