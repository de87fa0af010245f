// Package credential turns a transport.Login into the authentication of one
// connection: keys, certificates, the agent, passwords and questions.
//
// # The model
//
// A [Store] keeps what is loaded, for the life of the process. [Store.Login]
// prepares the login of one connection, before anything is dialed; its
// [Login.Next] then chooses, step by step, what to try (it is an
// ssh.ClientAuthCallback). [Login.Log] tells what happened, and
// [Login.Refused] makes the error for a user. [Store.Preload] does beforehand
// what can be done before anything is dialed: it asks for passphrases, and tells
// of key files that no login could use.
//
// # What is offered
//
// Keys go in this order: those configured that the agent holds, the other keys
// of the agent (not with IdentitiesOnly), those configured that are in files.
// Where the user has named the keys, files go before the other keys of the
// agent. A certificate goes before its plain key. Nothing is offered twice;
// expired certificates, keys that others may read and keys whose algorithm is
// not allowed are left out, and a notice says so. Each key is offered without
// a signature first, so that only the one the server wants signs. RSA keys
// sign with SHA-2, and with SHA-1 only where that is configured or legacy.
//
// A password is given once for each connection, to "password" or to a question
// of "keyboard-interactive" that asks for it; other questions go to
// [Store.Prompt], but none of a login that says Batch. Further factors
// (AuthenticationMethods publickey,password) work in any order.
//
// # Ownership and concurrency
//
// A Store is safe for concurrent use. Each file is parsed once, and again when
// it has changed; it is looked at no more than once a second. All logins share
// one connection for each agent. A passphrase is asked for once for each key,
// and the user is asked one question at a time. Where a context has a
// transport.Caller, that one is asked: a right passphrase serves all from then on,
// and what is not answered is remembered for that caller alone. A Login belongs to one
// connection. Close ends the agents' connections, and with them every
// goroutine of the Store.
package credential
