# shellcheck shell=bash
# language.sh: the rows about loading inventories. Read by bench.sh after
# figures.sh.

estate() { # folder: 10,000 hosts in 50 groups, each with an address and variables
	mkdir -p "$1"
	awk -v dir="$1" 'BEGIN {
		print "variable \"env\" { default = \"prod\" }\nlocals { domain = \"${var.env}.example.net\" }" >(dir "/main.fleet.hcl")
		for (g = 0; g < 50; g++) {
			f = sprintf("%s/g%02d.fleet.hcl", dir, g)
			printf "group \"g%02d\" {\n  hosts  = [\"n%02d-[001-200].${local.domain}\"]\n  vars   = { port = %d }\n  labels = { dc = \"dc%d\" }\n}\n", g, g, 8000 + g, g % 5 >f
			for (i = 1; i <= 200; i++)
				printf "host \"n%02d-%03d.prod.example.net\" {\n  address = \"10.%d.0.%d\"\n  vars    = { weight = %d, name = \"node-%d-%d\", tags = [\"a\", \"b%d\"] }\n}\n", g, i, g, i, i, g, i, i >f
			close(f)
		}
	}'
}

files() { # folder: a project of 200 files
	mkdir -p "$1"
	local i
	for ((i = 1; i <= 200; i++)); do
		printf 'group "g%d" {\n  hosts = ["h%d-[1-20]"]\n  vars  = { n = %d }\n}\n' "$i" "$i" "$i" >"$1/f$i.fleet.hcl"
	done
}

timed() { # times command: median of the milliseconds
	local n=$1 i from
	shift
	for ((i = 0; i < n; i++)); do
		from=$EPOCHREALTIME
		"$@" >/dev/null || { say "failed: $*"; echo nan; }
		calc "1000 * ($EPOCHREALTIME - $from)" "%.3f\n"
	done | median
}

peak_mib() { # command: the most memory it takes, in MiB; nothing where that cannot be told
	[ -x /usr/bin/time ] || return 0
	/usr/bin/time -f %M "$@" 2>&1 >/dev/null | tail -n 1 | awk '{ printf "%.0f", $1 / 1024 }'
}

row_language() {
	local dir=$RESULTS/language ms rss
	estate "$dir/estate" && files "$dir/files"
	[ "$(bin/fleet hosts --count -i "$dir/estate")" = 10000 ] || { say "the inventory does not load"; return; }
	ms=$(timed 5 bin/fleet hosts --fold -i "$dir/estate" -w 'dc=dc1!@g06') rss=$(peak_mib bin/fleet hosts --fold -i "$dir/estate" -w 'dc=dc1!@g06')
	row "10,000 hosts in 50 groups, each with variables: load, check and select" "$(unit "$ms" ms 0)" "" "" "< 1500 ms" "$(met "$ms < 1500")"
	row "the same: peak RSS" "$(unit "$rss" MiB 0)" "" "" "<= 300 MiB" "$(within "$rss" 300)"
	ms=$(timed 11 bin/fleet validate -i "$dir/files")
	row "a project of 200 files: validate" "$(unit "$ms" ms 0)" "" "" "< 500 ms" "$(met "$ms < 500")"
	ms=$(timed 31 bin/fleet version)
	row "fleet version: wall" "$(unit "$ms" ms 1)" "" "" "< 15 ms" "$(met "$ms < 15")"
}
