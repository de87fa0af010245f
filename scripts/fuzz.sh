#!/usr/bin/env bash
# fuzz.sh [TIME]: run every fuzz target of the project, one after the other,
# for TIME each (default 5s).
set -euo pipefail
time=${1:-5s}

# Read the whole list first: a target that reads stdin must not eat it.
mapfile -t targets < <(
	grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sed 's/:func / /' | sort -u
)
echo "fuzzing ${#targets[@]} targets for $time each"
for t in "${targets[@]}"; do
	file=${t% *} name=${t#* }
	# Minimizing interesting inputs can eat the whole time of a short run.
	go test -trimpath -buildvcs=false -run='^$' -fuzz="^$name\$" -fuzztime="$time" -fuzzminimizetime=10x "$(dirname "$file")" </dev/null
done
