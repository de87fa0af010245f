# shellcheck shell=bash
# lab-adapter.sh: how the performance lab drives fleet. The lab's bench.sh reads
# it (LAB_FLEET_ADAPTER); FLEET names the binary. bench.sh may set
#   FLEET_EXTRA   more flags of "fleet run"
#   FLEET_KEEP    a file for what fleet prints
# A function that returns 1 is an experiment that fleet has no part in yet.

fleet_cmd() { # hostfile fanout command
	local extra=()
	read -ra extra <<<"${FLEET_EXTRA:-}"
	case " ${PDSH_EXTRA:-} " in
	*" -t 5 "*) extra+=(-t 5) ;;
	esac
	CMD=("$FLEET" run -F "$(mk_cfg "${PORT:-$LAB_PORT}")" -f "$2" "${extra[@]}" -w "^$1" -- "$3")
	if [ -n "${FLEET_KEEP:-}" ]; then
		# shellcheck disable=SC2016 # for the other shell
		CMD=(sh -c 'keep=$1; shift; exec "$@" >"$keep"' sh "$FLEET_KEEP" "${CMD[@]}")
	fi
}

fleet_warm_up() { return 1; } # hostfile fanout: no connections that outlive a run
fleet_push() { return 1; }    # hostfile fanout local remote
fleet_steps() { return 1; }   # hostfile fanout
