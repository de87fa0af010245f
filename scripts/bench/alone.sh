# shellcheck shell=bash
# alone.sh: the rows that need no other tool: the benchmarks of this folder. Read
# by bench.sh after figures.sh.

gobench() { # pattern [flags]: output of the benchmarks
	"$RESULTS/bench.test" -test.run '^$' -test.timeout 8m -test.bench "$@"
}

figure() { awk -v u="$3" -v b="^$2(-[0-9]+)?$" '$1 ~ b { for (i = 3; i < NF; i++) if ($(i + 1) == u) print $i }' "$1"; } # file benchmark unit

row_connections() {
	local out=$RESULTS/connections.txt name=BenchmarkConnections/$CONNECTIONS rate peak
	gobench "Connections/^$CONNECTIONS\$" -test.benchtime 1x >"$out"
	rate=$(figure "$out" "$name" conns/s) peak=$(figure "$out" "$name" peak-MiB)
	row "$CONNECTIONS connections: opened per second, a command on each, server on the same processors" "$rate" "" "" ">= 1500" \
		"$(met "${rate:-0} >= 1500")"
	row "the same: peak RSS of the client" "$(unit "$peak" MiB 0)" "" "" "<= 500 MiB" "$(within "$peak" 500)"
	row "the same: memory for each, opening and then idle" "$(unit "$(figure "$out" "$name" KiB/conn)" KiB 1), $(unit "$(figure "$out" "$name" idle-KiB/conn)" KiB 1)" \
		"" "" "<= 64 KiB idle" "$(within "$(figure "$out" "$name" idle-KiB/conn)" 64)"
}

row_benchmarks() {
	local out=$RESULTS/benchmarks.txt b
	{
		gobench 'ColdRun|WarmRun' -test.benchtime "$RUN_TIME"
		gobench 'Read' -test.benchtime 1x
	} >"$out"
	for b in ColdRun WarmRun/ahead=true; do
		row "benchmark $b: time, allocations" "$(unit "$(figure "$out" Benchmark$b ns/op | awk '{ print $1 / 1e6 }')" ms), $(figure "$out" Benchmark$b allocs/op)"
	done
	row "benchmark Read: one command prints 1 GB" "$(unit "$(figure "$out" BenchmarkRead MB/s)" MB/s 0)"
}
