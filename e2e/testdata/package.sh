# What an administrator does with our packages for Debian, which are in this folder, on a
# machine with Squid as Debian installs it: install, log in, take the places of Squid's own
# helpers, upgrade, remove, purge. Prints what is wrong, and nothing else.

export PATH="$PATH:/usr/sbin:/sbin" LC_ALL=C
libexec=/usr/libexec/squidauth

fail() { echo "$step: $*"; exit 1; }

# quietly runs a command that must succeed and whose output is of no use if it does.
quietly() { "$@" >/tmp/log 2>&1 || fail "$*: status $?: $(cat /tmp/log)"; }

# same wants two texts to be the same.
same() { [ "$1" = "$2" ] || fail "got
$1
want
$2"; }

# squids tells of all in Squid's folder of helpers.
squids() {
	find /usr/lib/squid -printf '%p %M %u %g %l\n' | sort
	find /usr/lib/squid -type f -exec sha256sum {} + | sort
}

# named lists what our name is in the name of.
named() { find /etc /opt /usr /var/cache /var/lib /var/log -xdev -name '*squidauth*' | sort; }

# intact wants Squid's and our packages to be as dpkg knows them.
intact() { same "$(dpkg --verify "$@")" ""; }

# ncsa wants basic_ncsa_auth in the folder $1 to be the program $2, and to let alice in with
# her password alone.
ncsa() {
	same "$(readlink -f "$1/basic_ncsa_auth")" "$2"
	same "$(printf 'alice secret\nalice guess\n' | "$1/basic_ncsa_auth" /tmp/passwd 2>/dev/null | cut -d ' ' -f 1)" "OK
ERR"
}

# pam wants basic_pam_auth in the folder $1 to be ours, and to do what PAM says.
pam() {
	same "$(readlink -f "$1/basic_pam_auth")" $libexec/basic-pam
	for service in permit deny; do echo 'alice secret' | "$1/basic_pam_auth" -n squidauth-$service 2>/dev/null | cut -d ' ' -f 1; done >/tmp/pam
	same "$(cat /tmp/pam)" "OK
ERR"
}

version() { dpkg-query -W -f '${Version}\n' squidauth squidauth-pam | uniq; }

step="before"
if [ -e $libexec ] || dpkg -s squidauth >/dev/null 2>&1; then fail "squidauth is installed on this machine"; fi
own=$(squids) without=$(named)
quietly htpasswd -cbB /tmp/passwd alice secret
for service in permit deny; do
	echo "auth required pam_$service.so
account required pam_$service.so" >/etc/pam.d/squidauth-$service
done

step="installed"
quietly dpkg -i squidauth.deb squidauth-pam.deb
first=$(version)
commit=${first##*.} commit=${commit%-1}
same "$(squids)" "$own"
intact squid squidauth squidauth-pam
ncsa $libexec/drop-in $libexec/basic
pam $libexec/drop-in
for program in basic negotiate ntlm wrapper; do
	same "$($libexec/$program --version 2>&1)" "$program version $commit"
	man -w 8 squidauth-$program >/tmp/log 2>&1 || fail "no page on $program"
	bash -c ". /usr/share/bash-completion/completions/squidauth-$program && complete -p $program" >/tmp/log 2>&1 || fail "no completion of $program"
done

step="in Squid's place"
quietly /usr/share/squidauth/drop-in.sh install $libexec /usr/lib/squid force
ncsa /usr/lib/squid $libexec/basic
pam /usr/lib/squid
intact squid squidauth squidauth-pam

# The next version is this one with another number.
step="upgraded"
for package in squidauth squidauth-pam; do
	dpkg-deb -R $package.deb $package
	sed -i "s/$first/$first.1/" $package/DEBIAN/control
	rm $package/DEBIAN/conffiles # one empty line, by nfpm: dpkg takes that and dpkg-deb does not
	quietly dpkg-deb -Znone -b $package $package-next.deb
done
placed=$(squids)
quietly dpkg -i squidauth-next.deb squidauth-pam-next.deb
same "$(version)" "$first.1"
same "$(squids)" "$placed"
ncsa /usr/lib/squid $libexec/basic
pam /usr/lib/squid
intact squid squidauth squidauth-pam

step="squidauth-pam removed"
quietly dpkg -r squidauth-pam
same "$(readlink -f /usr/lib/squid/basic_pam_auth)" /usr/lib/squid/basic_pam_auth
ncsa /usr/lib/squid $libexec/basic

step="removed"
quietly dpkg -r squidauth
same "$(squids)" "$own"
ncsa /usr/lib/squid /usr/lib/squid/basic_ncsa_auth

step="purged"
quietly dpkg --purge squidauth squidauth-pam
rm /etc/pam.d/squidauth-*
same "$(squids)" "$own"
same "$(named)" "$without"
same "$(dpkg-divert --list '/usr/lib/squid/*')" ""
intact squid
if [ -e $libexec ]; then fail "$libexec is left"; fi
