# Ends process group $1, whose watchdog is process $2 (0 where there is none):
# TERM, up to $3 tenths of a second of grace, KILL. Prints "gone" when nothing
# of the group is left, else "left" and the process numbers.
g=$1 w=$2 grace=$3

# list sets m to the live members of the group, but not the watchdog and what it
# started. Zombies are not alive. Linux: read /proc, which also shows processes
# of other users; elsewhere ask ps.
list() {
	m=
	if [ -r /proc/self/stat ]; then
		for f in /proc/[0-9]*/stat; do
			{ read -r l <"$f"; } 2>/dev/null || continue
			p=${l%% *}
			l=${l##*\) }
			check $l
		done
	else
		x=$(ps -A -o pid= -o stat= -o ppid= -o pgid=)
		while read -r p l; do check $l; done <<END
$x
END
	fi
}
check() { # state, parent, group of process $p
	[ "$3" = "$g" ] || return 0
	case $1 in Z* | X*) return 0 ;; esac
	[ "$p" = "$w" ] || [ "$2" = "$w" ] || m="$m $p"
}
await() { # up to $1 tenths of a second for the group to end
	i=0
	while list && [ -n "$m" ] && [ "$i" -lt "$1" ]; do
		if sleep 0.1 2>/dev/null; then i=$((i + 1)); else sleep 1; i=$((i + 10)); fi
	done
}

kill -s TERM -- "-$g" 2>/dev/null
await "$grace"
kill -s KILL -- "-$g" 2>/dev/null
w=0
await 20
if [ -z "$m" ]; then echo gone; else echo "left$m"; fi
