// Package opensshd starts the real sshd of OpenSSH for a test.
//
// # The model
//
// [Start] runs one sshd in the foreground on a free loopback port, with keys,
// configuration and log in a folder of its own, and returns when it listens.
// It needs no rights: without root it serves the account that runs the test;
// with root it can make users with any login shell or a password, and removes
// them.
//
// Where sshd is missing, the test is skipped, or failed where the environment
// has FLEET_REQUIRE_SSHD=1.
//
// # Ownership and concurrency
//
// The server, every connection to it and every process that was started
// through it end with the test; a process that survives that is an error of
// the test. When the test itself is killed, a janitor process that it held by a
// pipe removes what it made. All methods of a Server are safe for concurrent use, and any number
// of servers can run at a time.
package opensshd
