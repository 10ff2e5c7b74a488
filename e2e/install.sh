#!/bin/sh
# Installs from Debian or Ubuntu what the end-to-end tests need: Squid, curl,
# a browser, htpasswd, a Kerberos server, MIT's GSS-API for Python with NTLM to offer,
# Heimdal's GSS-API, clocks that go wrong, an Active Directory domain controller,
# servers of LDAP, RADIUS, mail, PostgreSQL and MariaDB, saslauthd, and a C compiler with PAM. Does nothing
# when all is there. Prints why when it cannot help, and
# that is no error: the tests then skip, and say so.
set -eu

PATH=$PATH:/usr/sbin:/sbin
missing=
command -v squid >/dev/null || missing="$missing squid"
command -v curl >/dev/null || missing="$missing curl"
command -v git >/dev/null || missing="$missing git"
command -v man >/dev/null || missing="$missing man-db"
command -v groff >/dev/null || missing="$missing groff-base"
command -v chromium >/dev/null || missing="$missing chromium"
command -v htpasswd >/dev/null || missing="$missing apache2-utils"
command -v krb5kdc >/dev/null || missing="$missing krb5-kdc"
command -v kadmin.local >/dev/null || missing="$missing krb5-admin-server"
command -v kinit >/dev/null || missing="$missing krb5-user"
# The packages are those of Debian's Python, whatever other comes first in PATH.
/usr/bin/python3 -c 'import gssapi' 2>/dev/null || missing="$missing python3-gssapi"
/usr/bin/python3 -c 'import ctypes; ctypes.CDLL("libgssapi.so.3")' 2>/dev/null || missing="$missing libgssapi3-heimdal"
[ -e /etc/gss/mech.d/mech.ntlmssp.conf ] || missing="$missing gss-ntlmssp"
command -v faketime >/dev/null || missing="$missing faketime"
command -v freeradius >/dev/null || missing="$missing freeradius"
# A package without files of its own, but with all that it takes except for the schema.
dpkg -s samba-ad-dc 2>/dev/null | grep -q ' installed$' || missing="$missing samba-ad-dc"
[ -d /usr/share/samba/setup ] || missing="$missing samba-ad-provision"
command -v gcc >/dev/null || missing="$missing gcc libc6-dev"
[ -e /usr/include/security/pam_appl.h ] || missing="$missing libpam0g-dev"
[ -e /usr/lib/libnss_extrausers.so.2 ] || missing="$missing libnss-extrausers"
[ -e /usr/lib/dovecot/pop3-login ] || missing="$missing dovecot-pop3d"
[ -e /usr/lib/dovecot/imap-login ] || missing="$missing dovecot-imapd"
[ -e /usr/lib/dovecot/submission-login ] || missing="$missing dovecot-submissiond"
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
command -v mariadbd >/dev/null || missing="$missing mariadb-server"
perl -MDBD::SQLite -e 1 2>/dev/null || missing="$missing libdbd-sqlite3-perl"
perl -MDBD::Pg -e 1 2>/dev/null || missing="$missing libdbd-pg-perl"
perl -MDBD::mysql -e 1 2>/dev/null || missing="$missing libdbd-mysql-perl"
command -v saslauthd >/dev/null || missing="$missing sasl2-bin"
command -v slapd >/dev/null || missing="$missing slapd"
ls /usr/lib/*/sasl2/libgssapiv2.so >/dev/null 2>&1 || missing="$missing libsasl2-modules-gssapi-mit"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "e2e: left out, as only root can install them:$missing"
	exit 0
fi
if ! command -v apt-get >/dev/null; then
	echo "e2e: left out, as there is no apt-get:$missing"
	exit 0
fi

# Runlevel 1 is the one in which invoke-rc.d starts no service.
export RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # a list of words
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
	echo "e2e: left out, as apt-get failed:$missing ($(grep '^E:' "$log" | tail -n 1))"
	exit 0
fi

# Where systemd runs, the packages may have started their own daemons all the same.
case $missing in
*squid*)
	if [ -d /run/systemd/system ]; then
		systemctl disable --now --quiet squid.service || true
	elif [ -s /run/squid.pid ]; then
		squid -k shutdown || true
	fi
	;;
esac
case $missing in
*krb5-kdc* | *krb5-admin-server*)
	if [ -d /run/systemd/system ]; then
		systemctl disable --now --quiet krb5-kdc.service krb5-admin-server.service || true
	fi
	;;
esac
case $missing in
*freeradius*)
	if [ -d /run/systemd/system ]; then
		systemctl disable --now --quiet freeradius.service || true
	fi
	;;
esac
case $missing in
*samba-ad-dc*)
	if [ -d /run/systemd/system ]; then
		systemctl disable --now --quiet samba-ad-dc.service smbd.service nmbd.service winbind.service || true
	fi
	;;
esac
case $missing in
*dovecot* | *sasl2-bin*)
	if [ -d /run/systemd/system ]; then
		systemctl disable --now --quiet dovecot.service dovecot.socket saslauthd.service || true
	fi
	;;
esac
case $missing in
*slapd*)
	if [ -d /run/systemd/system ]; then
		systemctl disable --now --quiet slapd.service || true
	fi
	;;
esac
case $missing in
*postgresql* | *mariadb*)
	if [ -d /run/systemd/system ]; then
		systemctl disable --now --quiet postgresql.service mariadb.service || true
	fi
	;;
esac
