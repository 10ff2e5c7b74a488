#!/bin/sh
# For packages, before their files go: where drop-in.sh has put links to our programs into
# Squid's directory they come out, and what was there before comes back. Otherwise Squid
# would be left with links that lead nowhere.
set -eu

case ${1-} in
upgrade | failed-upgrade | [1-9]*) exit 0 ;; # of Debian, and of RPM: a newer version is there
esac
root=${DESTDIR-}
for squid in /usr/lib/squid /usr/lib64/squid /usr/lib/squid3 /usr/libexec/squid; do
	[ ! -d "$root$squid" ] || sh "$root/usr/share/squidauth/drop-in.sh" remove /usr/libexec/squidauth "$squid"
done
