// Package bench measures what package pool costs, without any other tool.
//
// # The model
//
// All of it is benchmarks. The hosts are the embedded server of internal/sshd,
// in a process of its own, so that allocations, memory and goroutines are those
// of the client alone; the time of both counts where they share processors.
// Commands are answered inside that process: there is no shell to wait for.
// Each host is a target of its own with a line in known_hosts, and logs in with
// an ed25519 key; the key exchange is curve25519, as in all comparisons.
//
//	go test -run '^$' -bench . ./scripts/bench
//	go test -run '^$' -bench 'Connections/10000' -benchtime 1x ./scripts/bench
//
// scripts/bench.sh runs these besides the comparisons with other tools.
// With FLEET_BENCH_PROFILES=FOLDER the connections benchmark writes profiles of
// heap and goroutines there while it holds all connections.
//
// # Ownership and concurrency
//
// A benchmark ends the pool and the server that it started. The server ends
// with its standard input, so also when the benchmark is killed.
package bench
