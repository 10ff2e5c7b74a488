#!/bin/sh
# Before the package is removed Squid gets its own helpers back, so that a squid.conf that
# names them finds them. If that fails the package stays. dpkg calls this with "remove" and
# rpm with 0; an upgrade leaves all links as they are.
set -eu

case ${1-} in remove | 0) ;; *) exit 0 ;; esac
root=${DESTDIR-}
sh "$root/usr/share/squidauth/drop-in.sh" remove /usr/libexec/squidauth
for conf in "$root"/etc/squid/squid.conf "$root"/etc/squid/conf.d/*.conf; do
	if grep -qs '^[^#]*/usr/libexec/squidauth/' "$conf"; then
		echo "$conf names programs of this package, which are gone now" >&2
	fi
done
