# shellcheck shell=bash
# rows.sh: one function for each row of the table; docs/performance.md says what
# each means. Read by bench.sh after figures.sh and the lab's common.sh.

lab() { # folder, then arguments of the lab's bench.sh; what it says is in folder/log
	local into=$RESULTS/$1
	shift
	mkdir -p "$into"
	LAB_RESULTS=$into "$LAB/bench.sh" "$@" >>"$into/log" 2>&1 </dev/null
}

peers() { # tools: those that are installed, and fleet
	local t
	for t in "$@"; do
		command -v "${t%-b}" >/dev/null && printf '%s ' "$t"
	done
	echo fleet
}

row_cold() {
	local f=$RESULTS/cold/cold.c25519.jsonl t fleet peer
	lab cold -r "$COLD_REPS" -n "$COLD_HOSTS" -t "$(peers pdsh clush)" cold
	fleet=$(middle "$f" fleet-f32 client_cpu_s)
	succeeded "$f" fleet-f32 || fleet=
	for t in pdsh clush; do
		peer=$(middle "$f" $t-f32 client_cpu_s)
		row "cold \`true\`, $COLD_HOSTS hosts: client CPU per host, against $t" \
			"$(unit "$(quotient "$fleet" "$COLD_HOSTS" %.6f | per_mille)" ms)" "$(unit "$(quotient "$peer" "$COLD_HOSTS" %.6f | per_mille)" ms)" \
			"$(quotient "$fleet" "$peer")" "$([ $t = pdsh ] && echo '<= 0.11')" \
			"$([ $t = pdsh ] && within "$(quotient "$fleet" "$peer")" 0.11)"
	done
	fleet=$(middle "$f" fleet-f32 wall_s) peer=$(middle "$f" pdsh-f32 wall_s)
	row "the same: wall, server on the same machine" "$(unit "$fleet" s)" "$(unit "$peer" s)" "$(quotient "$fleet" "$peer")"
}

per_mille() { awk '{ print $1 * 1000 }'; }

row_onehost() {
	local i cfg=$RESULTS/ssh_config.pinned into=$RESULTS/onehost fleet peer
	pinned_config "$LAB_KNOWN" >"$cfg"
	mkdir -p "$into"
	for ((i = 0; i <= PAIRS; i++)); do # the first pair warms up, and is left out
		time_of ssh -F "$cfg" 127.1.0.1 true >>"$into/ssh"
		time_of "$FLEET" run -F "$cfg" -w 127.1.0.1 -- true >>"$into/fleet"
	done
	fleet=$(tail -n +2 "$into/fleet" | median) peer=$(tail -n +2 "$into/ssh" | median)
	row "one host, cold: wall, median of $PAIRS pairs, against ssh" "$(unit "$fleet" ms 1)" "$(unit "$peer" ms 1)" \
		"$(quotient "$fleet" "$peer")" "<= 0.30" "$(within "$(quotient "$fleet" "$peer")" 0.30)"
}

time_of() { # command: milliseconds; it has to succeed
	local from=$EPOCHREALTIME
	"$@" >/dev/null 2>>"$RESULTS/onehost/log" </dev/null || { echo "failed: $*" >&2; return; }
	calc "1000 * ($EPOCHREALTIME - $from)" "%.3f\n"
}

pinned_config() { # known_hosts: the ssh_config of all that is measured, with that file
	sed "s|UserKnownHostsFile .*|UserKnownHostsFile $1|" "$LAB_SSHCFG"
	echo "  KexAlgorithms curve25519-sha256"
}

row_big() {
	local f=$RESULTS/big/big.c25519.jsonl fleet peer rss want got
	LAB_BIG=$BIG_BYTES lab big -r 1 -n "$BIG_HOSTS" -t "$(peers pdsh)" big
	fleet=$(middle "$f" fleet-big client_cpu_s) peer=$(middle "$f" pdsh-big client_cpu_s)
	rss=$(most "$f" fleet-big rss_max_mib) got=$(middle "$f" fleet-big stdout_bytes)
	# Each line is its 100 bytes, the name with ": ", and the newline.
	want=$(lab_hosts "$BIG_HOSTS" | awk -v b="$BIG_BYTES" '{ n += b + b / 100 * (length($0) + 3) } END { printf "%.0f", n }')
	row "$BIG_HOSTS hosts x $((BIG_BYTES / 1000000)) MB with prefix: client CPU, against pdsh" "$(unit "$fleet" s)" "$(unit "$peer" s)" \
		"$(quotient "$fleet" "$peer")" "<= 0.15" "$(within "$(quotient "$fleet" "$peer")" 0.15)"
	row "the same: peak RSS" "$(unit "$rss" MiB 0)" "$(unit "$(most "$f" pdsh-big rss_sum_mib)" "MiB with its ssh" 0)" "" "<= 128 MiB" "$(within "$rss" 128)"
	row "the same: bytes printed" "$got" "" "" "$want" "$(met "\"$got\" == \"$want\"")"
}

row_gather() {
	local f=$RESULTS/gather/big.c25519.jsonl fleet peer rss
	FLEET_EXTRA=-b LAB_BIG=$GATHER_BYTES lab gather -r 1 -n "$BIG_HOSTS" -t "$(peers clush-b)" big
	fleet=$(middle "$f" fleet-big client_cpu_s) peer=$(middle "$f" clush-b-big client_cpu_s)
	row "$BIG_HOSTS hosts x $((GATHER_BYTES / 1000000)) MB gathered: client CPU, against clush -b" "$(unit "$fleet" s)" "$(unit "$peer" s)" \
		"$(quotient "$fleet" "$peer")" "<= 0.10" "$(within "$(quotient "$fleet" "$peer")" 0.10)"
	f=$RESULTS/gather-alone/big.c25519.jsonl
	FLEET_EXTRA=-b LAB_BIG=$BIG_BYTES lab gather-alone -r 1 -n "$BIG_HOSTS" -t fleet big
	rss=$(most "$f" fleet-big rss_max_mib)
	row "$BIG_HOSTS hosts x $((BIG_BYTES / 1000000)) MB gathered: peak RSS" "$(unit "$rss" MiB 0)" "" "" "<= 128 MiB" "$(within "$rss" 128)"
	row "the same: lines printed, once and under one header" "$(middle "$f" fleet-big stdout_lines)" "" "" "$((BIG_BYTES / 100 + 3))" \
		"$(met "$(middle "$f" fleet-big stdout_lines) == $((BIG_BYTES / 100 + 3))")"
}

row_fail() {
	local f=$RESULTS/fail/fail.c25519.jsonl kept=$RESULTS/fail.json fleet t
	if [ "$(id -u)" != 0 ] || ! command -v nft >/dev/null; then
		echo "faults: left out, they need root and nft (package nftables)" >&2
		return
	fi
	FLEET_EXTRA='--format json' FLEET_KEEP=$kept lab fail -t "$(peers "${FAIL_PEERS[@]}")" fail
	fleet=$(middle "$f" fleet-timeout5 wall_s)
	for t in "${FAIL_PEERS[@]}"; do
		row "200 hosts, 10 dropped, 10 mute, 10 refused, limit 5 s: wall, against $t" "$(unit "$fleet" s)" "$(unit "$(middle "$f" "$t-timeout5" wall_s)" s)" \
			"$(quotient "$fleet" "$(middle "$f" "$t-timeout5" wall_s)")" "<= 6.5 s" "$(within "$fleet" 6.5)"
	done
	[ ${#FAIL_PEERS[@]} -gt 0 ] || row "200 hosts, 10 dropped, 10 mute, 10 refused, limit 5 s: wall" "$(unit "$fleet" s)" "" "" "<= 6.5 s" "$(within "$fleet" 6.5)"
	t=$(right_kinds "$kept")
	row "the same: hosts reported as what they are" "$t of 200" "" "" "200" "$(met "$t == 200")"
}

right_kinds() { # fleet's JSON: how many hosts have the outcome and the cause they should
	tr -d '\n' <"$1" | sed 's/{"host":/\n&/g' | awk '
		BEGIN { cause["127.7"] = "no SSH banner: timed out after 5s"; cause["127.8"] = "connection refused"; cause["127.9"] = "timed out after 5s" }
		match($0, /^{"host":"[^"]*"/) {
			split(substr($0, 10), part, ".")
			kind = part[1] "." part[2]
			if (kind == "127.1") good += /"outcome":"ok","status":0/
			else good += /"outcome":"unreachable"/ && index($0, cause[kind]) > 0 && (kind != "127.9" || !/banner/)
		}
		END { print good + 0 }'
}

row_maxstartups() {
	local f=$RESULTS/maxstartups/log n
	lab maxstartups -n "$STARTUP_HOSTS" -t "$(peers pdsh)" maxstartups
	for n in 32 64; do
		row "one sshd with stock MaxStartups, $STARTUP_HOSTS addresses, fanout $n: answered, against pdsh" "$(answered "$f" fleet-f$n-stock)" \
			"$(answered "$f" pdsh-f$n-stock)" "" "$STARTUP_HOSTS" "$(met "\"$(answered "$f" fleet-f$n-stock)\" == $STARTUP_HOSTS")"
	done
}

answered() { awk -v l="$2" '$1 ~ /-stock$/ { at = $1 } / answered$/ && at == l { print $1 }' "$1"; } # log label

row_sigint() {
	local f=$RESULTS/sigint/log r=$RESULTS/sigint/sigint.c25519.jsonl left t peer='' took
	lab sigint -n 20 -t "$(peers "${SIGINT_PEERS[@]}")" sigint
	left=$(sleeping "$f" fleet)
	# The signal comes after 4 s; the grace period is 5 s.
	took=$(middle "$r" fleet-sigint wall_s | awk '{ print $1 - 4 }')
	for t in "${SIGINT_PEERS[@]}"; do peer+="$t $(sleeping "$f" "$t"), "; done
	peer=${peer%, }
	row "processes left on 20 hosts after one Ctrl-C" "$left" "$peer" "" "0" "$(met "\"$left\" == \"0\"")"
	row "the same: time until fleet has verified it" "$(unit "$took" s)" "" "" "<= 7 s (grace + 2 s)" "$(within "$took" 7)"
}

sleeping() { awk -v t="$2:" '$1 == t { print $2 }' "$1"; } # log tool

row_steps() {
	local f=$RESULTS/steps/steps.c25519.jsonl on off fleet peer tools=fleet
	command -v pdsh >/dev/null && tools+=' pdsh-script'
	command -v ansible-playbook >/dev/null && tools+=' ansible'
	lab steps -r "$COLD_REPS" -n "$STEP_HOSTS" -t "$tools" steps
	fleet=$(middle "$f" fleet-steps client_cpu_s) peer=$(middle "$f" ansible-steps client_cpu_s)
	succeeded "$f" fleet-steps || fleet=
	row "10 steps on $STEP_HOSTS hosts: client CPU, against ansible-playbook" "$(unit "$fleet" s 3)" "$(unit "$peer" s)" \
		"$(quotient "$fleet" "$peer" %.4f)" "<= 0.013" "$(within "$(quotient "$fleet" "$peer" %.5f)" 0.013)"
	fleet=$(middle "$f" fleet-steps wall_s) peer=$(middle "$f" pdsh-script-steps wall_s)
	row "the same: wall, against pdsh with the ten commands as one script" "$(unit "$fleet" s)" "$(unit "$peer" s)" \
		"$(quotient "$fleet" "$peer")" "<= 1.2" "$(within "$(quotient "$fleet" "$peer")" 1.2)"
	lab steps-on -r "$((COLD_REPS * 3))" -n "$STEP_HOSTS" -t fleet steps
	FLEET_JOURNAL=off lab steps-off -r "$((COLD_REPS * 3))" -n "$STEP_HOSTS" -t fleet steps
	on=$(middle "$RESULTS/steps-on/steps.c25519.jsonl" fleet-steps wall_s)
	off=$(middle "$RESULTS/steps-off/steps.c25519.jsonl" fleet-steps wall_s)
	row "the same: wall with the journal, against fleet without" "$(unit "$on" s 3)" "$(unit "$off" s 3)" \
		"$(quotient "$on" "$off")" "<= 1.05" "$(within "$(quotient "$on" "$off")" 1.05)"
}

row_hostkeys() {
	local into=$RESULTS/hostkeys f r n=$COLD_HOSTS short long refused
	mkdir -p "$into"
	f=$into/runs.jsonl
	lab_hosts "$n" >"$into/hosts"
	known_hosts 10 >"$into/known_10"
	known_hosts 3000 >"$into/known_3000"
	sed "s| ssh-ed25519 .*| $(other_key)|" "$into/known_10" >"$into/known_wrong"
	for r in 10 3000 wrong; do pinned_config "$into/known_$r" >"$into/config_$r"; done
	for ((r = 0; r < COLD_REPS + 2; r++)); do
		for lines in 10 3000; do
			"$METER" run -label "lines-$lines" -n "$n" -o "$f" -- "$FLEET" run -F "$into/config_$lines" -f 32 -w "^$into/hosts" -- true
		done
	done >>"$into/log" 2>&1 </dev/null
	"$FLEET" run -F "$into/config_wrong" -f 32 --format json -w "^$into/hosts" -- true >"$into/wrong.json" 2>>"$into/log" </dev/null
	short=$(middle "$f" lines-10 client_cpu_s) long=$(middle "$f" lines-3000 client_cpu_s)
	succeeded "$f" lines-10 && succeeded "$f" lines-3000 || short='' long=''
	row "host keys: known_hosts of 3,000 lines, half of them hashed, against fleet with one of 10: client CPU per host" \
		"$(unit "$(quotient "$long" "$n" %.6f | per_mille)" ms)" "$(unit "$(quotient "$short" "$n" %.6f | per_mille)" ms)" \
		"$(quotient "$long" "$short")" "<= 1.25" "$(within "$(quotient "$long" "$short")" 1.25)"
	refused=$(grep -o '"kind": *"hostkey"' "$into/wrong.json" | wc -l)
	row "host keys: a changed key is refused" "$refused of $n" "" "" "$n" "$(met "$refused == $n")"
}

other_key() { # the public key of a host that the lab has not got
	ssh-keygen -q -t ed25519 -N '' -f "$RESULTS/hostkeys/other" </dev/null >/dev/null
	cut -d' ' -f1,2 "$RESULTS/hostkeys/other.pub"
}

known_hosts() { # lines: the hosts of the lab and strangers; with many, half of the names are hashed
	local key
	key=$(cut -d' ' -f1,2 "$LAB_RUN/host_ed25519.pub")
	if [ "$1" -le 10 ]; then
		echo "[127.*]:$LAB_PORT $key"
		strangers $(($1 - 1))
		return
	fi
	{ lab_hosts "$COLD_HOSTS" | sed "s|.*|[&]:$LAB_PORT $key|"; strangers $(($1 - COLD_HOSTS)); } |
		awk -v plain="$RESULTS/hostkeys/plain" -v hashed="$RESULTS/hostkeys/hashed" '{ print >(NR % 2 ? plain : hashed) }'
	ssh-keygen -q -H -f "$RESULTS/hostkeys/hashed" >/dev/null 2>&1
	cat "$RESULTS/hostkeys/plain" "$RESULTS/hostkeys/hashed"
}

strangers() { # count: lines of other hosts, one in three with an RSA key; the keys are random
	paste -d ' ' <(random_text 42 "$1") <(random_text 341 "$1") | awk '
		NR % 3 { print "host" NR ".example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA" $1 }
		NR % 3 == 0 { print "host" NR ".example.com ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC" $2 }'
}

random_text() { tr -dc A-Za-z0-9 </dev/urandom | fold -w "$1" | head -n "$2"; } # width lines
