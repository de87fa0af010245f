// Package sshconfig reads ssh_config files and says what they mean for a host,
// as ssh(1) does, without starting an ssh process for each host.
//
// # The model
//
// [Load] reads the user's file, the system's file and everything they include,
// once, into blocks: a condition (a Host or Match line, or none) and the
// settings below it. [Config.Resolve] walks the blocks for one host, from top
// to bottom; the first value found for a keyword wins, and the keywords ssh
// documents as additive (IdentityFile, CertificateFile, SendEnv) collect. A
// Match final criterion makes a second walk with the host name found by the
// first. Then tokens (%h), ~ and ${VARIABLES} are expanded in the keywords that
// accept them. The oracle of the tests is "ssh -G".
//
// The keywords the connection pool needs are checked and given in one spelling
// (yes and no, times in seconds). Every other keyword of ssh(1) is accepted
// unchecked, and the arguments of its first line are kept as written.
//
// # Where it differs from ssh
//
//   - Host names are not canonicalized: CanonicalizeHostname is accepted and
//     has no effect, and Match canonical matches in the second walk only.
//   - Algorithm lists keep their "+", "-" or "^"; [Algorithms] applies them.
//   - Match tagged, Match localnetwork, single quotes in a Match line and
//     ${VARIABLES} in Include follow newer versions of ssh.
//   - A Match exec is not run inside an Include that does not apply, runs once
//     for equal command text, and is ended after Query.ExecTimeout.
//   - BatchMode leaves ServerAliveInterval alone, where Debian's ssh sets it.
//
// # Ownership and concurrency
//
// A [Config] is immutable but for the memory of Match exec results, and a
// [Result] is immutable; both are safe for concurrent use. Resolve reads no
// file. It starts a process only for Match exec, waits for it, and ends it with
// its children when the context ends.
package sshconfig
