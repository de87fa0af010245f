package facts

// probe is the script. It changes nothing, reads nothing from its input, and
// says nothing about what it does not find: each command is one way of several.
//
// echo and not printf, which mksh lacks; names come first on each line, so no
// value is taken for an option.
const probe = `exec 2>/dev/null
LC_ALL=C
PATH=$PATH:/usr/bin:/bin:/usr/sbin:/sbin
export LC_ALL PATH
os=$(uname -s)
kernel=$(uname -r)
echo "os=$os"
echo "kernel=$kernel"
echo "arch=$(uname -m)"
echo "hostname=$(uname -n)"
distro= version=
case $os in
Darwin)
	distro=macos
	version=$(sw_vers -productVersion)
	;;
*BSD|DragonFly)
	distro=$os
	version=${kernel%%-*}
	;;
*)
	for file in /etc/os-release /usr/lib/os-release; do
		[ -r "$file" ] || continue
		while IFS='=' read -r name value || [ -n "$name" ]; do
			case $name in
			ID) distro=$value ;;
			VERSION_ID) version=$value ;;
			esac
		done <"$file"
		break
	done
	;;
esac
echo "distro=$distro"
echo "distro_version=$version"
cpus=$(getconf _NPROCESSORS_ONLN || getconf NPROCESSORS_ONLN || nproc ||
	sysctl -n hw.ncpu || grep -c '^processor' /proc/cpuinfo)
echo "cpus=$cpus"
if [ "$os" = Linux ]; then
	while read -r name value rest; do
		case $name in
		MemTotal:) echo "memory_kib=$value"; break ;;
		esac
	done </proc/meminfo
else
	for name in hw.memsize hw.physmem64 hw.physmem; do
		value=$(sysctl -n "$name") || continue
		echo "memory_bytes=$value"
		break
	done
fi
exit 0
`
