#!/usr/bin/env bash
# cross.sh [OS/ARCH...]: build and vet for the platforms of the client side, by
# default all of them.
set -euo pipefail
export CGO_ENABLED=0
if [ $# = 0 ]; then
	set -- {linux,darwin,freebsd,windows}/{amd64,arm64}
fi
vetted=
for platform; do
	export GOOS=${platform%/*} GOARCH=${platform#*/}
	echo "$platform"
	go build -trimpath -buildvcs=false ./...
	# vet reads the tests too; one architecture tells all there is to tell.
	case " $vetted " in
	*" $GOOS "*) ;;
	*)
		go vet -trimpath -buildvcs=false ./...
		vetted="$vetted $GOOS"
		;;
	esac
done
