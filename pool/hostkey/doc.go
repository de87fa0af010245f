// Package hostkey decides whether the key a server shows is the right one, by
// the known_hosts files of OpenSSH.
//
// # The model
//
// A [Store] holds the files, each read and indexed once. [Store.Lookup] finds
// what is known about one host, a [Known]; that says which host key algorithms
// to offer ([Known.Algorithms]), so that the server shows a key we know, and
// whether the key it showed is good ([Known.Verify]). Verify answers with the
// ground for trust ([How]) or with one of [*UnknownError], [*ChangedError],
// [*RevokedError], [*RevokedFileError] and [*CertificateError], which hold all
// facts for a message.
//
// # What a file may say
//
// Everything of sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT": plain names, several
// to a line, wildcards and negation, [host]:port, hashed names,
// @cert-authority and @revoked. Lines that cannot be read are left out, as ssh
// does, and told once ([Store.Warnings]). A key that is not known for
// [host]:port is looked up for the bare host, as ssh does. The IP address of a
// host takes no part (CheckHostIP is not done).
//
// Files of revoked keys (RevokedHostKeys) hold one public key a line, and count
// under every policy. A line that cannot be read is an error there, and so is a
// file: what cannot be checked is not accepted. Binary lists (KRL) cannot be read.
//
// # Cost
//
// Plain names are found in a map. A hashed name costs one HMAC for each hashed
// line that could be the host's; so lines are tried that have the very key the
// host shows, or the type of key that is asked about, and all of them only to
// say that a host is unknown or its key has changed. Results are kept, and
// hosts are looked up concurrently. Keys are decoded only for the host that
// asks.
//
// # Ownership and concurrency
//
// All methods are safe for concurrent use. Files are looked at again at most
// once a second. New keys (accept-new) are written by one goroutine at a time
// for each file, those that wait together in one write; two connections to one
// new host store one line. No lock is held while a file is read or written.
package hostkey
