package credential

// A QuestionKind says what a question is about.
type QuestionKind int

// The kinds of questions.
const (
	Passphrase QuestionKind = iota // of a private key file
	Password                       // of the account on the host
	Challenge                      // a question of the server (RFC 4256)
)

// A Question is something only the user knows.
type Question struct {
	Kind QuestionKind
	// Text is the question, one line, safe to print: "Passphrase for /home/a/.ssh/id_rsa: ".
	Text string
	// Instruction is what the server wants said before a Challenge; safe to
	// print, perhaps several lines, mostly empty.
	Instruction string
	// Echo is set when the answer may be shown while it is typed.
	Echo bool
	// File is the key of a Passphrase; Host and User are set for the others.
	File, Host, User string
	// Try counts from 1; a second try means that the first answer was wrong.
	Try int
}
