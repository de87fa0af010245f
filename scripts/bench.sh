#!/usr/bin/env bash
# bench.sh [quick] [ROW...]: the figures of docs/performance.md, from one run, as
# a table on standard output and in $BENCH_OUT (default bin/bench.md).
#
# Rows: cold onehost big gather fail maxstartups sigint hostkeys steps, which
# compare fleet with other tools in the performance lab; connections benchmarks
# language tasks, which need nothing; tunnels and files, which compare with ssh,
# scp and rsync on sshd of their own; agent, which does so and, where there is a
# lab, compares there. Default: all. quick takes small sizes: it
# shows that everything works, its figures mean little.
#
# The lab is looked for in $FLEET_LAB, or beside the project in ../shared/lab.
# Set BENCH_KEEP to a folder to keep the records and logs of the runs there.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

export FLEET_AGENT=off # but in the rows about it

LAB_ROWS=(cold onehost big gather fail maxstartups sigint hostkeys steps)
OWN_ROWS=(connections benchmarks language tasks tunnels files agent)

COLD_HOSTS=200 COLD_REPS=3 PAIRS=31
BIG_HOSTS=50 BIG_BYTES=20000000 GATHER_BYTES=4000000
STARTUP_HOSTS=200 FAIL_PEERS=(pdsh clush) SIGINT_PEERS=(pdsh clush)
CONNECTIONS=10000 RUN_TIME=500x STEP_HOSTS=50 TASK_HOSTS=1000 IDLE_HOSTS=1000
FILE_HOSTS=20 FILE_SIZE=100 TREE_FILES=5000
QUICK='' TUNNEL_HOSTS=200 TUNNEL_CONNECTIONS=2000 TUNNEL_LOOP=10000
if [ "${1:-}" = quick ]; then
	shift
	COLD_HOSTS=50 COLD_REPS=1 PAIRS=5
	BIG_HOSTS=10 BIG_BYTES=1000000 GATHER_BYTES=1000000
	STARTUP_HOSTS=50 FAIL_PEERS=() SIGINT_PEERS=()
	CONNECTIONS=1000 RUN_TIME=100x STEP_HOSTS=10 TASK_HOSTS=100 IDLE_HOSTS=100
	FILE_HOSTS=3 FILE_SIZE=10 TREE_FILES=500
	QUICK=yes TUNNEL_HOSTS=20 TUNNEL_CONNECTIONS=500 TUNNEL_LOOP=1000
fi
rows=("$@")
[ $# -gt 0 ] || rows=("${LAB_ROWS[@]}" "${OWN_ROWS[@]}")

say() { echo "bench: $*" >&2; }
die() { say "$*"; exit 2; }

. scripts/bench/figures.sh
. scripts/bench/alone.sh
. scripts/bench/language.sh
. scripts/bench/tasks.sh
. scripts/bench/tunnels.sh
. scripts/bench/files.sh
. scripts/bench/agent.sh

known=" ${LAB_ROWS[*]} ${OWN_ROWS[*]} "
for r in "${rows[@]}"; do
	case $known in *" $r "*) ;; *) die "there is no row $r; rows are:$known" ;; esac
done

in_lab() { case " ${LAB_ROWS[*]} " in *" $1 "*) true ;; *) false ;; esac; }

free_port() { # from: the first port from there on that nobody listens to
	local p=$1
	while (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null; do p=$((p + 1)); done
	echo "$p"
}

find_lab() {
	LAB=${FLEET_LAB:-../shared/lab}
	if ! [ -x "$LAB/testbed.sh" ] || ! [ -x "$LAB/bench.sh" ]; then
		say "no performance lab in $LAB (FLEET_LAB names another place): only what needs no other tool is measured"
		return 1
	fi
	LAB=$(cd "$LAB" && pwd)
	local missing=
	command -v sshd >/dev/null || { say "no sshd (package openssh-server): only what needs no other tool is measured"; return 1; }
	command -v pdsh >/dev/null || missing+=" pdsh"
	command -v clush >/dev/null || missing+=" clustershell"
	command -v ansible-playbook >/dev/null || missing+=" ansible-core"
	[ -z "$missing" ] || say "not installed, so their columns stay empty:$missing"
}

lab_up() {
	export LAB_RUN=$RUN/lab LAB_CG=fleet-bench-$$
	export LAB_PORT=${LAB_PORT:-$(free_port 2222)}
	export LAB_PORT_DEFAULT=${LAB_PORT_DEFAULT:-$(free_port $((LAB_PORT + 1)))}
	export LAB_TARPIT_PORT=${LAB_TARPIT_PORT:-$(free_port $((LAB_PORT_DEFAULT + 1)))}
	if [ "$(id -u)" = 0 ]; then export LAB_USER=${LAB_USER:-fleetbench$$}; fi # the lab makes the account
	id "${LAB_USER:-}" >/dev/null 2>&1 || user_is_ours=yes
	mkdir -p "$LAB_RUN"
	. "$LAB/common.sh"
	export LAB_FLEET_ADAPTER=$PWD/scripts/lab-adapter.sh FLEET=$PWD/bin/fleet
	lab_started=yes
	"$LAB/testbed.sh" up >"$RESULTS/testbed.log" 2>&1 || { cat "$RESULTS/testbed.log" >&2; die "the lab did not come up"; }
	. scripts/bench/rows.sh
}

clean_up() {
	if [ -n "$lab_started" ]; then
		"$LAB/testbed.sh" down >/dev/null 2>&1
		[ "$(id -u)" != 0 ] || [ -z "$user_is_ours" ] || userdel "$LAB_USER" 2>/dev/null
		rmdir "/sys/fs/cgroup/cpuacct/$LAB_CG" "/sys/fs/cgroup/$LAB_CG" 2>/dev/null
	fi
	rm -f "$RESULTS/bench.test"
	if [ -n "${BENCH_KEEP:-}" ]; then mkdir -p "$BENCH_KEEP" && cp -r "$RESULTS/." "$BENCH_KEEP/"; fi
	rm -rf "$RUN"
}

machine() { # what was measured, and on what
	local load
	read -r load _ </proc/loadavg 2>/dev/null || load=unknown
	printf 'fleet %s, %s, %s processors, %s' "$(bin/fleet version | awk '{ print $2 }')" "$(uname -sm)" "$(getconf _NPROCESSORS_ONLN)" "$(go env GOVERSION)"
	command -v ssh >/dev/null && printf ', %s' "$(ssh -V 2>&1 | cut -d, -f1)"
	command -v pdsh >/dev/null && printf ', %s' "$(pdsh -V 2>/dev/null | head -n 1 | cut -d' ' -f1)"
	command -v clush >/dev/null && printf ', %s' "$(clush --version 2>/dev/null)"
	printf '; load at the start %s\n\n' "$load"
}

PATH=$PATH:/usr/sbin:/sbin
RUN=$(mktemp -d) || exit 1
RESULTS=$RUN/results TABLE=$RUN/table.md lab_started='' user_is_ours=''
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$RESULTS"
chmod 755 "$RUN" # the account of the lab goes through it

make -s build || die "fleet does not build"
go test -c -trimpath -buildvcs=false -o "$RESULTS/bench.test" ./scripts/bench || die "the benchmarks do not build"
have_lab=yes
for r in "${rows[@]}"; do
	if in_lab "$r" || [ "$r" = agent ]; then find_lab && lab_up || have_lab=; break; fi
done

{
	machine
	echo "| what | fleet | peer | ratio | goal | met |"
	echo "|---|--:|--:|--:|--:|---|"
} >"$TABLE"
for r in "${rows[@]}"; do
	if in_lab "$r" && [ -z "$have_lab" ]; then continue; fi
	say "$r ..."
	"row_$r"
done

out=${BENCH_OUT:-bin/bench.md}
mkdir -p "$(dirname "$out")" && cp "$TABLE" "$out" || die "cannot write $out"
cat "$TABLE"
