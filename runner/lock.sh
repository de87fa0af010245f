# Takes the lock $2 in the directory $1 for the owner $5 and holds it: each line of
# stdin is a sign of life of fleet, and the end of file gives the lock up. One
# without a sign of life for $4 seconds is stale, if it gets none for $7 seconds more
# either: the clock of the host may have been set. $3 is a word that nobody else has,
# and $6 one of the run.
#
# Prints first "held", "shared" (another one of the same run has it), "busy SINCE
# OWNER", "strange NUMBER" (that file is no lock) or "bad TEXT"; later perhaps
# "lost TEXT".
#
# A lock is a file with a number, BASE.1, which is made with all that is in it by
# ln, as only one of many can. Nobody removes the file of another owner, or could:
# a stale one is overruled by a file with the next number. The highest one counts.
base=$1/fleet-lock.$2 token=$3 stale=$4 owner=$5 run=$6 watch=$7
new=$base.new.$token mine='' held='' seen=''
umask 022
LC_ALL=C

now() {
	now=$(date +%s)
	case $now in '' | *[!0-9]*) end "bad the host does not tell the time (date +%s)" ;; esac
}

end() {
	drop
	[ -z "$1" ] || printf '%s\n' "$1"
	exit 0
}

drop() {
	if [ "$mine" ] && { read -r t; } 2>/dev/null <"$mine" && [ "$t" = "$token" ]; then rm -f "$mine"; fi
	rm -f "$new"
}

# write makes the file $new. Its name is no secret any more once this script runs,
# so it is not to be written through a link of somebody else.
write() {
	rm -f "$new"
	(
		set -C
		printf '%s\n' "$token" "$since" "$now" "$owner" "$run" >"$new"
	) 2>/dev/null
}

# load reads the file $1. It fails where there is none.
load() {
	t='' s='' b='' o='' r=''
	if [ -L "$1" ] || { [ -e "$1" ] && [ ! -f "$1" ]; }; then end "strange ${1##*.}"; fi
	for k in 1 2 3; do # it may be another one by the time it is looked for
		{ read -r t && read -r s && read -r b && read -r o && read -r r; } 2>/dev/null <"$1" && break
		[ -e "$1" ] || return 1
		[ "$k" -lt 3 ] || end "strange ${1##*.}"
	done
	for x in "$s" "$b"; do
		case $x in '' | *[!0-9]* | ??????????????*) end "strange ${1##*.}" ;; esac
	done
}

# live tells whether the file that was loaded counts. A sign of life from the
# future tells of a clock that was set back, and not of an owner: a live one gives
# the next sign by the new clock, and whoever watches sees it.
live() { [ $((now - b)) -le "$stale" ] && [ $((b - now)) -le "$stale" ]; }

# silent watches a stale file, the one with the highest number. It fails where
# somebody gives a sign of life, or takes the lock away.
silent() {
	[ "$seen" != "$n $t $b" ] || return 0
	seen="$n $t $b" w=0
	while [ "$w" -lt "$watch" ]; do
		sleep 1
		w=$((w + 1))
		load "$base.$n" && [ "$seen" = "$n $t $b" ] || return 1
	done
}

# look sets n to the highest number.
look() {
	n=0
	for f in "$base".*; do
		i=${f#"$base".}
		case $i in '' | 0* | *[!0-9]* | ?????????*) continue ;; esac
		[ "$i" -le "$n" ] || n=$i
	done
}

# rivals tells whether somebody else may hold the lock as well as this one.
rivals() {
	look
	[ "$base.$n" = "$mine" ] || return 0
	for f in "$base".*; do
		i=${f#"$base".}
		case $i in '' | 0* | *[!0-9]* | ?????????*) continue ;; esac
		if [ "$f" != "$mine" ] && load "$f" && live; then return 0; fi
	done
	return 1
}

# take tries to get the lock. Afterwards held is set, or o and s say who has it.
take() {
	for try in 1 2 3 4 5 6 7 8; do
		now
		look
		if [ "$n" -gt 0 ]; then
			load "$base.$n" || continue
			if live; then return; fi
			silent || continue
		fi
		mine=$base.$((n + 1)) since=$now
		write || end "bad no file can be made in ${base%/*}"
		if ! ln "$new" "$mine" 2>/dev/null; then
			[ -e "$mine" ] || [ -L "$mine" ] || end "bad no link can be made in ${base%/*}"
			mine=''
			rm -f "$new"
			continue
		fi
		rm -f "$new"
		if rivals; then
			drop
			mine=''
			continue
		fi
		held=1 beat=$now seen=''
		for f in "$base".*; do # the stale ones, where that is allowed
			i=${f#"$base".}
			case $i in '' | 0* | *[!0-9]* | ?????????*) continue ;; esac
			[ "$f" = "$mine" ] || rm -f "$f" 2>/dev/null
		done
		return
	done
	o='somebody who takes it right now' s=$now r=''
}

# alive tells that the owner lives, or ends where the lock has become another's.
# Whoever takes a stale lock makes a file first and then looks whether the others
# are stale still; so here it is the other way round, and one of them gives way.
alive() {
	now
	load "$mine" && [ "$t" = "$token" ] || end "lost somebody removed $mine"
	# With the disk full the file stays as it was, and becomes stale.
	if write && mv -f "$new" "$mine"; then beat=$now; fi
	look
	if [ "$base.$n" != "$mine" ]; then # perhaps somebody who is giving way
		sleep 1
		look
		if [ "$base.$n" != "$mine" ]; then
			load "$base.$n" || o='somebody'
			end "lost $o has taken it over"
		fi
	fi
	[ $((now - beat)) -lt "$stale" ] || end "lost no sign of life could be written for $((now - beat)) s"
}

trap 'end ""' TERM HUP INT PIPE
take
if [ "$held" ]; then
	echo held
elif [ "$r" = "$run" ]; then
	echo shared
else
	end "busy $s $o"
fi
while read -r x; do
	if [ "$held" ]; then
		alive
	else
		take
		[ "$held" ] || [ "$r" = "$run" ] || end "lost $o has taken it"
	fi
done
end ""
