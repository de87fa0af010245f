// Package facts asks hosts what they are: system, architecture, distribution,
// processors and memory, for host.facts.* in expressions.
//
// # The model
//
// One small script, the same for every host, prints lines of the form
// name=value. It is for any POSIX shell and needs no more than uname; what else
// it can use, it looks for. A [Gatherer] runs it on each host at most once, in
// parallel, with a limit of time, and makes an object of [Type] of the answer:
//
//	os              uname -s in lower case: linux, darwin, freebsd
//	arch            uname -m: x86_64, aarch64, arm64
//	kernel          uname -r
//	hostname        uname -n
//	distro          ID of os-release, or macos, or on a BSD the name of the system
//	distro_version  VERSION_ID of os-release, or the version of the system
//	cpus            processors that are on line
//	memory          MiB of memory
//
// # What a host can say
//
// An answer is data of a machine that may be broken or hostile: it is read up to
// a bound, and a line that is missing, too long, no text, or no number where one
// is wanted makes the fact null. Only a host that could not be asked, or that did
// not answer in time, is an error; the error is a *transport.Error.
//
// # Where it works
//
// Tests run the script by every shell that is installed, and by busybox, on
// Linux. The forms for macOS and the BSDs are tested with commands that print
// what those systems print, not on the systems themselves.
//
// # Ownership and concurrency
//
// A Gatherer may be used by many goroutines; those that want the same host at
// one time share one question. It starts no goroutine that outlives its call, and
// does not own the transport.
package facts
