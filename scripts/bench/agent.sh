# shellcheck shell=bash
# agent.sh: the rows about the agent. Read by bench.sh after figures.sh, alone.sh
# and tunnels.sh. All other rows are measured without one.

row_agent() {
	local dir=$RESULTS/agent
	mkdir -p "$dir/run"
	chmod 700 "$dir/run"
	if [ -n "$have_lab" ]; then agent_warm "$dir"; fi
	agent_far
	agent_idle "$dir"
	agent_stream
}

agent_warm() { # folder
	local f=$1/warm/warm.c25519.jsonl n=$COLD_HOSTS fleet peer what
	FLEET_AGENT=auto XDG_RUNTIME_DIR=$1/run lab agent/warm -r "$((COLD_REPS * 3))" -n "$n" -t "$(peers pdsh)" warm
	FLEET_AGENT=auto XDG_RUNTIME_DIR=$1/run "$FLEET" agent stop --now >>"$1/warm/log" 2>&1
	what="agent: warm \`true\`, $n hosts"
	succeeded "$f" fleet-warm || say "a run through the agent failed: $1/warm/log"
	fleet=$(middle "$f" fleet-warm client_cpu_s) peer=$(middle "$f" pdsh-warm client_cpu_s)
	row "$what: client CPU with that of the agent, against pdsh with ControlPersist" "$(unit "$fleet" s 3)" "$(unit "$peer" s 3)" \
		"$(quotient "$fleet" "$peer")" "<= 0.05" "$(within "$(quotient "$fleet" "$peer")" 0.05)"
	fleet=$(middle "$f" fleet-warm wall_s) peer=$(middle "$f" pdsh-warm wall_s)
	row "the same: wall, servers on the same processors" "$(unit "$fleet" s 3)" "$(unit "$peer" s 3)" \
		"$(quotient "$fleet" "$peer")" "<= 0.30" "$(within "$(quotient "$fleet" "$peer")" 0.30)"
}

agent_bench() { # name: output of that benchmark, in a file of results
	FLEET=$PWD/bin/fleet FLEET_BENCH_QUICK=$QUICK gobench "Agent$1\$" -test.benchtime 1x -test.v >"$RESULTS/agent-$1.txt" 2>&1
}

of_agent() { figure "$RESULTS/agent-$1.txt" "BenchmarkAgent$1" "$2"; } # name unit

agent_far() {
	local t=Far fleet
	agent_bench $t
	fleet=$(of_agent $t fleet-round-trips)
	row "agent: one host, 50 ms, warm \`true\`: round trips from the start of the program to its end, against ssh with ControlPersist" \
		"$(unit "$fleet" '' 2)" "$(unit "$(of_agent $t ssh-round-trips)" '' 2)" "" "<= 1.3" "$(within "$fleet" 1.3)"
	row "the same: without distance" "$(unit "$(of_agent $t fleet-near-ms)" ms 1)" "$(unit "$(of_agent $t ssh-near-ms)" ms 1)"
}

agent_idle() { # folder
	local dir=$1/idle limit pid i now least=999999
	limit=$(calc "64 + $IDLE_HOSTS * 64 / 1024")
	mkdir -p "$dir"
	bin/fleet lab up -n "$IDLE_HOSTS" --dir "$dir/lab" >"$dir/log" 2>&1 || { say "the lab did not come up"; return; }
	export XDG_RUNTIME_DIR=$1/run FLEET_AGENT=auto
	bin/fleet agent run >>"$dir/log" 2>&1 &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		bin/fleet agent status >/dev/null 2>&1 && break
		sleep 0.1
	done
	bin/fleet run -i "$dir/lab" -a -f 128 -q -- true >>"$dir/log" 2>&1 || say "not all hosts answered: $dir/log"
	for ((i = 0; i < 60; i++)); do # idle is when the garbage has been given back
		now=$(resident "$pid")
		[ "${now:-$least}" -ge "$least" ] || least=$now
		sleep 1
	done
	row "agent: connections to $IDLE_HOSTS lab hosts that it holds" "$(agent_holds)" "" "" "$IDLE_HOSTS" "$(met "$(agent_holds) == $IDLE_HOSTS")"
	row "the same: its RSS at most a minute later, and its most" "$(unit "$(calc "$least / 1024")" MiB 1), $(unit "$(most_resident "$pid")" MiB 1)" \
		"" "" "<= ${limit%.*} MiB" "$(within "$(calc "$least / 1024")" "$limit")"
	bin/fleet agent stop --now >>"$dir/log" 2>&1
	wait "$pid"
	export FLEET_AGENT=off
	unset XDG_RUNTIME_DIR
	bin/fleet lab down "$dir/lab" >>"$dir/log" 2>&1
}

agent_holds() { bin/fleet agent status --format json | grep -c '"address":'; }

resident() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$1/status" 2>/dev/null; } # pid: KiB

most_resident() { awk '$1 == "VmHWM:" { printf "%.1f", $2 / 1024 }' "/proc/$1/status" 2>/dev/null; } # pid: MiB

agent_stream() {
	local t=Stream size with without
	agent_bench $t
	size=$(of_agent $t MB)
	with=$(quotient "$size" "$(of_agent $t agent-s)") without=$(quotient "$size" "$(of_agent $t alone-s)")
	row "agent: a command that prints $(whole "$size") MB: rate, against fleet without an agent" "$(unit "$with" MB/s 0)" "$(unit "$without" MB/s 0)" \
		"$(quotient "$with" "$without")" ">= 0.7" "$([ -n "$with" ] && at_least "$(quotient "$with" "$without")" 0.7)"
	row "the same: CPU of fleet and the agent" "$(unit "$(of_agent $t agent-cpu-s)" s)" "$(unit "$(of_agent $t alone-cpu-s)" s)" \
		"$(quotient "$(of_agent $t agent-cpu-s)" "$(of_agent $t alone-cpu-s)")"
}
