// Package tunnel keeps forwards open: to one host or to a whole fleet, and
// through the loss of links.
//
// # The model
//
// A [Set] is the forwards of one call. It knows four things:
//
//	line      keeps one link to a host up: connects, watches, connects again
//	entrance  listens here and hands what it accepts to the line's link (-L, -D)
//	exit      listens on the host, over the line's link, and connects here (-R)
//	board     what is known about every forward; whoever asks reads it there
//
// The forwards of one host that listen here share a line. Each one that listens
// on the host has a line of its own: connections that arrive from afar then hold
// up nothing else, and a port that is still held there concerns one forward.
//
// Entrances are bound before anything is dialed, and stay bound while the link is
// away; what they accept meanwhile waits, or is refused ([OnDown]). An exit asks
// for the same port again, for as long as it takes: never for another one.
//
// A connection is two copiers, one for each direction. The end of one direction
// is passed on as a half-close; a failure of either ends both, and where bytes may
// have been lost on the way it ends them by a reset, so that nobody takes half an
// answer for a whole one. What is under way is bounded by the sockets and by the
// window of the channel; the copiers hold a small buffer while little flows, and
// borrow a large one while much does.
//
// # Time
//
// A lost link is tried again from 100 ms on, at most a second apart. An attempt
// is given little time, measured by what the last login took, as a packet that was
// lost on a dead network is sent again ever more rarely; beside the short ones
// there is a patient one, for a host that has become slow. When the clock says
// that the machine has slept, every link is asked for a sign of life at once.
//
// # Ownership and concurrency
//
// All methods of a Set are safe for concurrent use. Every goroutine belongs to
// the Set, ends when its context does, and is waited for by [Set.Close]. The board
// has the one lock that guards what is told; no I/O happens under it, and
// Config.Changed is called without it, by one goroutine for each forward.
package tunnel
