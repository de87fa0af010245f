package credential

import "fleet/transport"

// A Question is something only the user knows.
type Question = transport.Question

// A QuestionKind says what a question is about.
type QuestionKind = transport.QuestionKind

// The kinds of questions.
const (
	Passphrase = transport.AskPassphrase
	Password   = transport.AskPassword
	Challenge  = transport.AskChallenge
)
