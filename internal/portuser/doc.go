// Package portuser tells which process of this machine holds a port or a socket,
// so that "address already in use" can say by whom.
//
// # The model
//
// [Holder] looks for a listening socket in the kernel's tables, and then for a
// process that has it open. Linux shows both in /proc, to root all, to others
// only their own processes: of a foreign process the user is told, who the table
// of sockets names. Elsewhere the answer is that nobody knows.
//
// # Ownership and concurrency
//
// The package keeps nothing; what it tells is old the moment it is told. It takes
// as long as reading the descriptors of all processes does, and so is for errors.
// Its function is safe for concurrent use.
package portuser
