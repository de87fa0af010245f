// Package forward is the syntax of forwards: what listens, on which side, where
// its connections go, and which targets a client may ask for.
//
// # The model
//
// A [Rule] is one forward. [Parse] reads it in the syntax of ssh's -L, -R and -D;
// [ParseListen] and [ParseTarget] read its two ends apart, as a tunnel block of
// the inventory writes them. [Rule.ForHost] makes of one rule for many hosts the
// rule of one of them, and [Permits] say where a SOCKS client may go.
//
// ssh(1) is the measure: what it accepts means the same here, but for what is on
// purpose not so. Port 0 is allowed everywhere, and is any free port. A forward
// without an address listens on 127.0.0.1, on the host too, where ssh adds ::1, or
// leaves it to the server. A port is a number, never the name of a service, and
// nothing in a path or a name is expanded but "~/" at the start of a path of this
// machine, which a shell leaves alone within quotes. And what ssh takes without a
// murmur although nobody can mean it is an error: a target without a name, a path
// in the place of a name, a path on the host that does not start with "/".
//
// # Ownership and concurrency
//
// The package opens nothing, and looks nothing up but the home folder, in the
// environment. Its values are plain data; all functions and methods are safe for
// concurrent use.
package forward
