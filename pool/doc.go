// Package pool keeps authenticated SSH connections and runs commands on them.
// It is the transport that speaks to real servers.
//
// # The model
//
// A [Pool] has one site for each distinct target. A site holds connections; a
// caller gets a lease on one of them, which is the right to open one session
// there. The first caller starts a dial, later ones wait for the same dial, and
// the dial outlives those who lose patience. When all sessions of a connection
// are taken (servers allow few, MaxSessions), another connection is opened; what
// a server really allows is learned from its refusals.
//
//	Run -> site.lease -> dial (window, TCP or jump or proxy, key exchange, login) -> conn
//	    -> conn.begin (channel, exec) -> session.wait (stdout, stderr, status, stop)
//
// A pool may serve many callers (transport.Caller): a dial is made in the name of
// the one who began it, with its limit of time and its answers, and where that is
// why it fails, the others dial anew. Sessions are given in the order of arrival.
// [Pool.Snapshot] tells what is going on, [Pool.Retire] has everything dialed anew,
// and a connection on which nothing was heard for long is not trusted.
//
// A dial has one limit of time over everything, and a window per address:
// servers drop unauthenticated connections when they come too many at a time
// (MaxStartups), which is congestion and not a host that is down. Hosts behind
// a jump host share one connection to it.
//
// What a command becomes on the host is in remote.go; how it is stopped, and how
// fleet knows that it has, in halt.go. errors.go is the only file that reads the
// errors of x/crypto/ssh.
//
// # Ownership and concurrency
//
// All methods are safe for concurrent use. Every goroutine belongs to a dial, a
// connection or a session, ends with it, and is waited for: sessions by Run,
// the others by [Pool.Close]. A Caller is asked and told nothing after its context
// has ended. Subpackage hostkey decides about host keys, credential about keys and
// passwords; they and this package are the only ones that know x/crypto/ssh.
package pool
