# shellcheck shell=bash
# figures.sh: from records of runs to rows of a table. Read by bench.sh, which
# sets TABLE, the file the rows go to.

# A record is one line of JSON that the lab's meter wrote about one run.

values() { # file label field: of every run with that label
	[ -f "$1" ] || return 0
	awk -v l="\"label\":\"$2\"" -v f="\"$3\":" '
		index($0, l) && i = index($0, f) { v = substr($0, i + length(f)); sub(/[,}].*/, "", v); print v }' "$1"
}

median() { # of numbers, one a line
	sort -g | awk '{ v[NR] = $1 } END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

middle() { values "$@" | median; } # file label field

most() { values "$@" | sort -g | tail -n 1; } # file label field

succeeded() { # file label: every run ended with status 0
	[ -n "$(values "$1" "$2" exit)" ] && ! values "$1" "$2" exit | grep -qvx 0 &&
		! grep -F "\"label\":\"$2\"" "$1" | grep -q '"timed_out":true'
}

calc() { awk "BEGIN { printf \"${2:-%.6g}\", $1 }"; } # expression [format]

quotient() { # a b [format]: nothing where one is missing
	[ -n "${1:-}" ] && [ -n "${2:-}" ] || return 0
	awk -v a="$1" -v b="$2" -v f="${3:-%.3f}" 'BEGIN { if (b > 0) printf f, a / b }'
}

met() { # condition for awk, with values put in: yes, no, or nothing when one is missing
	awk "BEGIN { exit !($1) }" 2>/dev/null && echo yes || echo no
}

within() { # value limit
	[ -n "${1:-}" ] || { echo "no figure"; return; }
	met "$1 <= $2"
}

row() { # what fleet peer ratio goal met
	printf '| %s | %s | %s | %s | %s | %s |\n' "$1" "${2:--}" "${3:--}" "${4:--}" "${5:--}" "${6:--}" | tee -a "$TABLE" >&2
}

unit() { [ -z "${1:-}" ] || printf "%.${3:-2}f %s" "$1" "$2"; } # value unit [digits]
