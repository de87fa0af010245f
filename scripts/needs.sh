#!/bin/sh
# needs.sh [race]: make sure that the tools which the tests drive are there.
#
# On Debian or Ubuntu, as root, what is missing is installed. Elsewhere the
# script says what to install and exits 1, and the tests that need those tools
# are skipped.
set -eu

want=
need() { # need TOOL PACKAGE: PACKAGE is wanted where TOOL is not found
	command -v "$1" >/dev/null 2>&1 || case " $want " in *" $2 "*) ;; *) want="$want $2" ;; esac
}

PATH=$PATH:/usr/sbin:/sbin # sshd is not on the path of an ordinary user
need sshd openssh-server
need ssh openssh-client
need nodeset clustershell
need ansible-inventory ansible-core
need fish fish
need tcsh tcsh
need busybox busybox
need curl curl
need redis-server redis-server
need sudo sudo
need ps procps
if [ "${1-}" = race ]; then # the race detector is linked by a C compiler
	need gcc gcc
	[ -e /usr/include/stdlib.h ] || want="$want libc6-dev"
fi

if [ -n "$want" ]; then
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
		echo "Some tests need tools that are not installed. On Debian or Ubuntu:" >&2
		echo "    sudo apt-get install$want" >&2
		exit 1
	fi
	echo "installing what the tests need:$want"
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q update
	# shellcheck disable=SC2086 # a list of words
	apt-get -q install -y --no-install-recommends $want
fi

# sshd started by root wants its privilege separation folder, which a container
# that never ran the service has not got.
[ "$(id -u)" != 0 ] || [ -d /run/sshd ] || mkdir -p /run/sshd
