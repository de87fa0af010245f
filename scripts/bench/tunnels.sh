# shellcheck shell=bash
# tunnels.sh: the rows about "fleet tunnel". Read by bench.sh after figures.sh and
# alone.sh.

tunnel_bench() { # name: output of that benchmark, in a file of results
	FLEET=$PWD/bin/fleet FLEET_BENCH_QUICK=$QUICK gobench "Tunnel$1\$" -test.benchtime 1x -test.v >"$RESULTS/tunnel-$1.txt" 2>&1
}

of_tunnel() { figure "$RESULTS/tunnel-$1.txt" "BenchmarkTunnel$1" "$2"; } # name unit

row_tunnels() {
	tunnels_throughput
	tunnels_connections
	tunnels_lab
	tunnels_return
	tunnels_loop
}

tunnels_throughput() {
	local t=Throughput way peer what chosen fleet ssh
	tunnel_bench $t
	for peer in ssh ssh-gcm; do
		chosen="fleet $(cipher_of fleet), ssh $(cipher_of ssh)"
		[ $peer = ssh ] || chosen='ssh with aes128-gcm, too'
		for way in down up; do
			what="from the host" && [ $way = up ] && what="to the host"
			fleet=$(of_tunnel $t fleet-$way-MB/s) ssh=$(of_tunnel $t $peer-$way-MB/s)
			row "tunnel -L, much $what, $chosen: speed, against ssh -L" "$(unit "$fleet" MB/s 0)" "$(unit "$ssh" MB/s 0)" \
				"$(quotient "$fleet" "$ssh")" ">= 0.75" "$(at_least "$(quotient "$fleet" "$ssh")" 0.75)"
			fleet=$(of_tunnel $t fleet-$way-s/GB) ssh=$(of_tunnel $t $peer-$way-s/GB)
			row "the same: client CPU per GB" "$(unit "$fleet" s)" "$(unit "$ssh" s)" \
				"$(quotient "$fleet" "$ssh")" "<= 2.2" "$(within "$(quotient "$fleet" "$ssh")" 2.2)"
		done
	done
}

cipher_of() { grep -o "$1=[a-z0-9-]*" "$RESULTS/tunnel-Throughput.txt" | head -n 1 | cut -d= -f2; } # program

at_least() { # value limit
	[ -n "${1:-}" ] || { echo "no figure"; return; }
	met "$1 >= $2"
}

whole() { [ -z "${1:-}" ] || printf '%.0f' "$1"; } # number

tunnels_connections() {
	local t=Connections peak right
	tunnel_bench $t
	peak=$(of_tunnel $t fleet-peak-MB) right=$(of_tunnel $t fleet-conns)
	row "tunnel -L, $TUNNEL_CONNECTIONS connections at one time, 16 KiB sent back on each: peak RSS, against ssh -L" \
		"$(unit "$peak" MB 0)" "$(unit "$(of_tunnel $t ssh-peak-MB)" MB 0)" "" "< 120 MB" "$(met "${peak:-999} < 120")"
	row "the same: connections on which all bytes were right" "$(whole "$right")" "$(whole "$(of_tunnel $t ssh-conns)")" "" "$TUNNEL_CONNECTIONS" \
		"$(met "${right:-0} == $TUNNEL_CONNECTIONS")"
}

tunnels_lab() {
	local dir=$RESULTS/tunnels ms
	mkdir -p "$dir"
	bin/fleet lab up -n "$TUNNEL_HOSTS" --dir "$dir/lab" >"$dir/log" 2>&1 || { say "the lab did not come up"; return; }
	ms=$(timed 3 bin/fleet tunnel -q -i "$dir/lab" -a -L 0:127.0.0.1:9 --exec-once true 2>>"$dir/log")
	row "tunnels to $TUNNEL_HOSTS lab hosts: from the start of the program until all are ready, with the stop" "$(unit "$ms" ms 0)" "" "" "< 3000 ms" \
		"$(met "${ms:-9999} < 3000")"
	bin/fleet lab down "$dir/lab" >>"$dir/log" 2>&1
}

tunnels_return() {
	local t=Return how
	tunnel_bench $t
	for how in refusing silent; do
		row "tunnel, the way to the host cut for seconds, $how: from its return until a connection works, median, longest" \
			"$(unit "$(of_tunnel $t $how-s)" s), $(unit "$(of_tunnel $t $how-worst-s)" s)" "" "" "< 2 s" "$(within "$(of_tunnel $t $how-worst-s)" 2)"
	done
}

tunnels_loop() {
	local t=Loop
	tunnel_bench $t
	row "tunnel, $TUNNEL_LOOP connections one after another: open files and memory more than before" \
		"$(of_tunnel $t files-more), $(unit "$(of_tunnel $t MB-more)" MB 1)" "" "" "0 files" "$(within "$(of_tunnel $t files-more)" 0)"
	row "the same: connections per second, each with an answer, server on the same processors" "$(whole "$(of_tunnel $t conns/s)")"
}
