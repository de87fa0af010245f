# Removes what a killed test has left: the server in folder $1 and the users it
# is told of. "done" says that the test has cleaned up itself.
users=
while read -r what name; do
	case $what in
	done) exit 0 ;;
	user) users="$users $name" ;;
	esac
done
trap '' HUP INT TERM
for u in $users; do
	rm -f "/etc/sudoers.d/$u" "/run/sudo/ts/$u" # first: the password is known
done
pkill -KILL -f -- "$1/"
for u in $users; do
	pkill -KILL -u "$u"
	n=0
	while id "$u" && ! userdel --force "$u" && [ "$n" -lt 40 ]; do # others may hold the lock
		sleep 0.5
		n=$((n + 1))
	done
done >/dev/null 2>&1
rm -rf -- "$1"
