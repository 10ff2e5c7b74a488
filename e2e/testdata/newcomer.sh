# What a newcomer does, by the README and docs/install.md: build, see it work, install, and
# change one line of a squid.conf that works with Squid's own helper. Then without changing a
# line, and back. $ADDRESS is for Squid; $URL/1 and so on are pages behind it.

started=$(date +%s)
say() { echo "$(($(date +%s) - started)) s: $*"; }

# await waits until Squid has helpers, and all of them are the program $1 by the name $2.
await() {
	for _ in $(seq 300); do
		running=
		for p in /proc/[0-9]*; do
			name=$(tr '\0' ' ' <"$p/cmdline" 2>/dev/null) || continue
			case $name in "(basic"*) running="$running $(readlink "$p/exe") ${name%% *}" ;; esac
		done
		running=$(echo "$running" | xargs -n 2 | sort -u)
		if [ "$running" = "$1 ($2)" ]; then return; fi
		sleep 0.1
	done
	echo "helpers are: $running"
	cat /var/log/squid/cache.log
	exit 1
}

# get fetches page $1 as the user $2 with the password $3, and wants the status $4. While
# Squid reads its configuration nobody listens.
get() {
	for _ in $(seq 300); do
		got=$(curl -s -o /dev/null -w '%{http_code}' --noproxy '' -x "http://$ADDRESS" -U "$2:$3" "$URL/$1") || :
		[ "$got" = 000 ] || break
		sleep 0.1
	done
	[ "$got" = "$4" ] || { echo "$2: status $got, want $4"; cat /var/log/squid/cache.log; exit 1; }
}

htpasswd -cbB /etc/squid/passwd alice secret
for user in bob carol dave; do htpasswd -bB /etc/squid/passwd $user secret; done
chgrp proxy /etc/squid/passwd
chmod 0640 /etc/squid/passwd
: >/var/log/squid/cache.log
sed -i "s/^http_port 3128$/http_port $ADDRESS/" /etc/squid/squid.conf
conf=/etc/squid/conf.d/login.conf
cat >$conf <<END
auth_param basic program /usr/lib/squid/basic_ncsa_auth /etc/squid/passwd
auth_param basic children 2 startup=1 idle=1
auth_param basic realm proxy
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
END
squid
await /usr/lib/squid/basic_ncsa_auth basic_ncsa_auth
get 1 alice secret 200
get 2 alice guess 407
say "the proxy works as before"

make demo
say "built, and the demo played"
make install
sed -i 's|program /usr/lib/squid/basic_ncsa_auth|program /usr/local/libexec/squidauth/drop-in/basic_ncsa_auth|' $conf
squid -k parse
squid -k reconfigure
await /usr/local/libexec/squidauth/basic basic_ncsa_auth
get 3 bob secret 200
get 4 bob guess 407
say "one line of squid.conf changed, and logged in"

sed -i 's|program /usr/local/libexec/squidauth/drop-in/|program /usr/lib/squid/|' $conf
make install-drop-in FORCE=yes
squid -k reconfigure
await /usr/local/libexec/squidauth/basic basic_ncsa_auth
get 5 carol secret 200
get 6 carol guess 407
say "no line changed, and logged in"

make uninstall
squid -k reconfigure
await /usr/lib/squid/basic_ncsa_auth basic_ncsa_auth
get 7 dave secret 200
get 8 dave guess 407
say "uninstalled, and logged in"
left=$(dpkg --verify squid | grep /usr/ || :; dpkg-divert --list '/usr/lib/squid/*'; find /etc /usr/lib /usr/libexec /usr/local /usr/share /var/lib -xdev -name '*squidauth*' -newer $conf)
[ -z "$left" ] || { echo "left: $left"; exit 1; }
