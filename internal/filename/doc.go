// Package filename names files after hosts and other things that users name.
//
// # The model
//
// A name that is plain is kept, so that people find the file of a host at once.
// Every other byte becomes %XX. Two names never share a file, as long as the file
// system tells upper from lower case, and no file is a path, is hidden, or looks
// like an option, whatever a host is called.
//
// # Ownership and concurrency
//
// The package is one pure function, and a leaf.
package filename
