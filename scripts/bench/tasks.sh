# shellcheck shell=bash
# tasks.sh: the row about a run of tasks on many hosts. Read by bench.sh after
# figures.sh and language.sh.

row_tasks() {
	local dir=$RESULTS/tasks i rss out from ms
	mkdir -p "$dir/state"
	bin/fleet lab up -n "$TASK_HOSTS" --dir "$dir/lab" >"$dir/log" 2>&1 || { say "the lab did not come up"; return; }
	{
		printf 'task "twenty" {\n  hosts = "lab*"\n'
		for ((i = 1; i <= 20; i++)); do printf '  step "s%d" { command = "echo step%d" }\n' "$i" "$i"; done
		printf '}\n'
	} >"$dir/lab/tasks.fleet.hcl"
	from=$EPOCHREALTIME
	out=$(XDG_STATE_HOME=$dir/state peak_of "$dir/rss" bin/fleet apply -i "$dir/lab" --yes --format json 2>>"$dir/log")
	ms=$(calc "1000 * ($EPOCHREALTIME - $from)")
	rss=$(cat "$dir/rss")
	row "$TASK_HOSTS lab hosts x 20 steps: wall, servers on the same processors" "$(unit "$ms" ms 0)"
	row "the same: peak RSS" "$(unit "$rss" MiB 0)" "" "" "< 250 MiB" "$(met "${rss:-999} < 250")"
	row "the same: hosts on which all steps ended well" "$(grep -o '"ok": *[0-9]*' <<<"$out" | tail -n 1 | tr -dc 0-9)" "" "" "$TASK_HOSTS" \
		"$(met "$(grep -o '"ok": *[0-9]*' <<<"$out" | tail -n 1 | tr -dc 0-9) == $TASK_HOSTS")"
	bin/fleet lab down "$dir/lab" >>"$dir/log" 2>&1
}

peak_of() { # file command: the output of the command, and in file the most memory it took, in MiB
	local to=$1
	shift
	if [ -x /usr/bin/time ]; then
		/usr/bin/time -f %M -o "$to.kib" "$@"
		awk '{ printf "%.0f", $1 / 1024 }' "$to.kib" >"$to"
	else
		"$@" && : >"$to"
	fi
}
