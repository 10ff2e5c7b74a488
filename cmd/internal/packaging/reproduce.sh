#!/bin/sh
# Makes the packages of the last commit twice, from nothing: in different folders, with
# different homes, users, time zones, languages, umasks and caches. Then compares what came
# out. TARGETS are what is made; all of them take half an hour on a small machine.
set -eu

top=$(mktemp -d)
trap 'chmod -R u+w "$top" && rm -rf "$top"' EXIT
source=$(git rev-parse --show-toplevel)
commit=$(git rev-parse HEAD)
modules=$(${GO:-go} env GOMODCACHE)

# try FOLDER HOME TZ LANG UMASK: what came out is listed in FOLDER/dist/SHA256SUMS.
try() {
	mkdir -p "$top/$2"
	(
		umask "$5"
		git clone -q "$source" "$top/$1"
		cd "$top/$1"
		git checkout -q --detach "$commit"
		env -i PATH="$PATH" HOME="$top/$2" TZ="$3" LANG="$4" LC_ALL="$4" USER="$2" \
			GOCACHE="$top/$2/cache" GOMODCACHE="$modules" GOPROXY="${GOPROXY-}" GOFLAGS=-mod=readonly \
			make ${TARGETS-packages sbom} ${NFPM:+NFPM="$NFPM"} >"$top/$2/log" 2>&1 || { cat "$top/$2/log"; exit 1; }
	)
	rm -rf "$top/$2/cache"
}

try one alice UTC0 C 022
try a/much/longer/path/than/the/first bob Pacific/Kiritimati C.UTF-8 077
cd "$top"
if ! diff one/dist/SHA256SUMS a/much/longer/path/than/the/first/dist/SHA256SUMS; then
	echo "not the same both times"
	exit 1
fi
wc -l <one/dist/SHA256SUMS | sed 's/$/ files are the same both times/'
