#!/usr/bin/env bash
# cross.sh: build and vet for every platform that the client side supports.
set -euo pipefail
export CGO_ENABLED=0
for os in linux darwin freebsd windows; do
	for arch in amd64 arm64; do
		echo "$os/$arch"
		GOOS=$os GOARCH=$arch go build -trimpath -buildvcs=false ./...
		# vet reads the tests too; one architecture tells all there is to tell.
		[ "$arch" != amd64 ] || GOOS=$os GOARCH=$arch go vet -trimpath -buildvcs=false ./...
	done
done
