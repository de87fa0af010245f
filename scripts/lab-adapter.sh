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

fleet_warm_up() { # hostfile fanout: an agent, counted as the client is; the first run opens the connections
	"$METER" run -label agent-start -n 0 -o "$LAB_RESULTS/agent.jsonl" -- "$FLEET" agent start
}

fleet_push() { return 1; } # hostfile fanout local remote

fleet_steps() { # hostfile fanout: the ten commands of the others, as ten steps of a task
	local into=$LAB_RESULTS/steps-project i
	mkdir -p "$into"
	{
		printf 'group "all" {\n  hosts = [\n'
		sed 's/.*/    "&",/' "$1"
		printf '  ]\n}\n\ntask "steps" {\n  hosts = "@all"\n'
		for i in 1 2 3 4 5 6 7 8 9 10; do printf '  step "s%d" { command = "echo step%d" }\n' "$i" "$i"; done
		printf '}\n'
	} >"$into/steps.fleet.hcl"
	CMD=(env "XDG_STATE_HOME=$into/state" "FLEET_JOURNAL=${FLEET_JOURNAL:-on}"
		"$FLEET" apply -F "$(mk_cfg "$LAB_PORT")" -i "$into" -f "$2" --yes)
}
