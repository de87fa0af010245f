// Package rundir is the folder for the sockets of one user's programs, and the
// check that it is safe for them.
//
// # The model
//
// [Dir] is that folder: the one of the session, or one among the temporary files.
// What is in it is for its user alone, because nobody else may enter it, may have
// made it, or may put another one in its place: [Check] says so, for any folder.
// Who trusts a socket looks at its folder first.
//
// # Ownership and concurrency
//
// The package keeps nothing. Its functions are safe for concurrent use, by several
// processes at one time too.
package rundir
