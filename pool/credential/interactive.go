package credential

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"fleet/transport"
)

// maxRounds bounds how often a server may ask in one login.
const maxRounds = 16

// password answers the method "password".
func (l *Login) password() (string, error) {
	if secret, ok := l.takePassword(); ok {
		return secret.Reveal(), nil
	}
	t := l.target
	answer, err := l.prompt(Question{Kind: Password, Text: clean(fmt.Sprintf("Password for %s@%s: ", t.User, t.Label()))})
	if err != nil {
		l.notice("no password was given: %v", err)
		return "", err
	}
	return answer.Reveal(), nil
}

// takePassword hands out the configured password, once for a connection: a
// wrong one that is repeated locks accounts.
func (l *Login) takePassword() (transport.Secret, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	secret := l.target.Login.Password
	if l.answered || !secret.IsSet() {
		return transport.Secret{}, false
	}
	l.answered = true
	return secret, true
}

// challenge answers the questions of keyboard-interactive (RFC 4256 section
// 3.3). A server may ask several times, also nothing at all. What nobody can
// answer is answered with nothing: to break off would be allowed, but some
// servers then take the next request for the answer.
func (l *Login) challenge(name, instruction string, questions []string, echos []bool) ([]string, error) {
	l.mu.Lock()
	l.rounds++
	tooMany := l.rounds > maxRounds
	l.mu.Unlock()
	if tooMany {
		return nil, errors.New("the server asks too many questions")
	}
	answers := make([]string, len(questions))
	said := cleanLines(name + "\n" + instruction)
	for i, text := range questions {
		if !echos[i] && asksPassword(text, len(questions) == 1) {
			if secret, ok := l.takePassword(); ok {
				answers[i] = secret.Reveal()
				continue
			}
		}
		answer, err := l.prompt(Question{Kind: Challenge, Text: clean(text), Instruction: said, Echo: echos[i]})
		if err != nil {
			if l.ctx.Err() != nil {
				return nil, context.Cause(l.ctx)
			}
			l.notice("the server asked %q, which was not answered: %v", strings.TrimSpace(clean(text)), err)
		}
		answers[i], said = answer.Reveal(), ""
	}
	return answers, nil
}

// asksPassword guesses whether a question that hides its answer is about the
// password of the account. Alone it mostly is, in whatever language, unless it
// names something else.
func asksPassword(text string, alone bool) bool {
	text = strings.ToLower(text)
	for _, other := range []string{"code", "otp", "one-time", "one time", "token", "pin", "passcode", "verification", "duo", "yubikey", "new password", "retype", "again"} {
		if strings.Contains(text, other) {
			return false
		}
	}
	return alone || strings.Contains(text, "password")
}

// prompt asks the user about this host.
func (l *Login) prompt(q Question) (transport.Secret, error) {
	if !l.canAsk() {
		return transport.Secret{}, errNobody
	}
	release, err := l.store.floor(l.ctx, l.asker)
	if err != nil {
		return transport.Secret{}, err
	}
	defer release()
	q.Host, q.User, q.Try = clean(l.target.Label()), l.target.User, 1
	return l.asker.question(l.ctx, q)
}
