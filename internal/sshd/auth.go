package sshd

import (
	"crypto/subtle"
	"errors"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// errRefused is the answer to every login that is not allowed; the client
// never sees more than the failure.
var errRefused = errors.New("login refused")

// serverConfig is what x/crypto needs for one kind of connection: refuse turns
// every login down, keys are presented in place of the configured ones.
func (s *Server) serverConfig(refuse bool, keys []ssh.Signer) *ssh.ServerConfig {
	c := &ssh.ServerConfig{
		Config:        s.conf.Algorithms,
		NoClientAuth:  s.conf.NoAuth && !refuse,
		MaxAuthTries:  s.conf.MaxAuthTries,
		ServerVersion: s.conf.Version,
	}
	for _, k := range keys {
		c.AddHostKey(k)
	}
	if s.conf.AuthBanner != "" {
		c.BannerCallback = func(ssh.ConnMetadata) string { return s.conf.AuthBanner }
	}
	allowed := func(m ssh.ConnMetadata) bool {
		return !refuse && (s.conf.User == "" || s.conf.User == m.User())
	}
	if s.conf.NoAuth {
		c.NoClientAuthCallback = func(m ssh.ConnMetadata) (*ssh.Permissions, error) {
			return nil, permit(allowed(m))
		}
	}
	// A server that refuses everybody still has to offer a method.
	if len(s.conf.AuthorizedKeys)+len(s.conf.UserCAs) > 0 || refuse {
		c.PublicKeyCallback = func(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if !allowed(m) {
				return nil, errRefused
			}
			return s.checkKey(m, key)
		}
	}
	if s.conf.Password != "" {
		c.PasswordCallback = func(m ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			same := subtle.ConstantTimeCompare(password, []byte(s.conf.Password)) == 1
			return nil, permit(allowed(m) && same)
		}
	}
	if len(s.conf.Questions) > 0 {
		c.KeyboardInteractiveCallback = func(m ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			right, err := s.ask(ask)
			if err != nil {
				return nil, err
			}
			return nil, permit(allowed(m) && right)
		}
	}
	return c
}

func permit(ok bool) error {
	if !ok {
		return errRefused
	}
	return nil
}

func (s *Server) checkKey(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	if _, ok := key.(*ssh.Certificate); ok {
		checker := ssh.CertChecker{IsUserAuthority: func(ca ssh.PublicKey) bool {
			return contains(s.conf.UserCAs, ca)
		}}
		return checker.Authenticate(m, key)
	}
	return nil, permit(contains(s.conf.AuthorizedKeys, key))
}

func contains(keys []ssh.PublicKey, key ssh.PublicKey) bool {
	wire := string(key.Marshal())
	for _, k := range keys {
		if string(k.Marshal()) == wire {
			return true
		}
	}
	return false
}

// ask puts the questions in one round (RFC 4256 section 3.2).
func (s *Server) ask(challenge ssh.KeyboardInteractiveChallenge) (bool, error) {
	var prompts []string
	var echo []bool
	for _, q := range s.conf.Questions {
		prompts = append(prompts, q.Prompt)
		echo = append(echo, q.Echo)
	}
	answers, err := challenge("", "", prompts, echo)
	if err != nil {
		return false, fmt.Errorf("keyboard-interactive: %w", err)
	}
	if len(answers) != len(s.conf.Questions) {
		return false, nil
	}
	right := 1
	for i, q := range s.conf.Questions {
		right &= subtle.ConstantTimeCompare([]byte(answers[i]), []byte(q.Answer))
	}
	return right == 1, nil
}
