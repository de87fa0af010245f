// Package lab brings up throw-away SSH hosts on loopback, all served by one
// process, to try anything on: the demo, the tests, and `fleet lab`.
//
// # The model
//
// [Up] serves a [Lab] in this process. [Start] does it in a process of its own
// that outlives the caller: it runs a command that is to call [Serve]. [Dirs],
// [Status] and [Down] find labs and end them.
//
// A lab lives in a folder, which is all one needs to use it: an inventory, a
// known_hosts file, a key that may log in, and a home folder for each host.
// Commands on its hosts run through the real /bin/sh with the rights of the
// account the lab runs under, and can tell the hosts apart by $FLEET_LAB_HOST,
// which hostname(1) prints too. Some hosts can be made to misbehave; see
// [Faults].
//
// # Safety
//
// Everything listens on 127.0.0.0/8. The process of a lab holds a lock on a
// file in its folder that has its process id, so that Down never ends a
// stranger. What ends a lab also ends every process that was started on its
// hosts, and verifies it. A folder is removed only when the lab made it.
//
// # Ownership and concurrency
//
// All methods of a Lab are safe for concurrent use. Close returns when nothing
// of the lab is left in this process.
package lab
