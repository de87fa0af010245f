// Package transporttest states the contract of transport.Transport as tests.
//
// # The model
//
// [Run] runs every test on a transport and a target that the caller provides;
// each implementation calls it from its own tests. What an implementation
// cannot do by its nature (a local command has no subsystems) is said in
// [Options], and is then tested to be refused with an error of the right kind.
//
// The tests run real commands of a POSIX system on the target, which must share
// the machine with the test: processes are looked for by their number.
package transporttest
