# Ends process group $1, whose watchdog is process $2 (0 where there is none):
# TERM, up to $3 tenths of a second of grace, KILL. Prints "gone" when nothing
# of the group is left, else "left" and the process numbers. Removes the file $4,
# which a killed command could not (empty where there is none).
g=$1 w=$2 grace=$3
[ "$w" -gt 0 ] || w=none

# list sets m to the live members of the group, but not the watchdog and what it
# started. Zombies are not alive. Linux: search /proc, which also shows processes
# of other users; elsewhere ask ps. Finding this shell too shows that the search
# works.
list() {
	m= seen=
	if [ -r /proc/$$/stat ]; then
		x=$(grep -s -e ") [^ZX] [0-9]* $g " -e "^$$ " /proc/[0-9]*/stat /dev/null)
		while read -r p l; do
			p=${p#/proc/}
			p=${p%%/*}
			check ${l##*\) }
		done <<END
$x
END
		[ -n "$seen" ] && return
		for f in /proc/[0-9]*/stat; do
			{ read -r l <"$f"; } 2>/dev/null || continue
			p=${l%% *}
			check ${l##*\) }
		done
	else
		x=$(ps -A -o pid= -o stat= -o ppid= -o pgid=)
		while read -r p l; do check $l; done <<END
$x
END
	fi
	[ -n "$seen" ] || m=" unknown"
}
check() { # state, parent, group of process $p
	[ "$p" = "$$" ] && seen=1
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
w=none
await 20
[ -z "$4" ] || rm -f "$4"
if [ -z "$m" ]; then echo gone; else echo "left$m"; fi
