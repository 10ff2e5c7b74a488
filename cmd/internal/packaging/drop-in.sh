#!/bin/sh
# Puts our programs in the place of Squid's own helpers, in Squid's directory, and takes
# them out of it again. What was there is kept beside it, and comes back.
#
#   drop-in.sh install LIBEXEC SQUID_LIBEXEC [force]
#   drop-in.sh remove  LIBEXEC [SQUID_LIBEXEC]
#
# LIBEXEC has our programs, the folder drop-in with a link for each name, and the file
# drop-in.places, in which each directory that got links is a line: "remove" without a
# directory is about all of them. Without "force" no file is replaced. PROGRAM, if it is
# set, is the only one of our programs that is put in a place or taken out. DESTDIR, if it
# is set, stands before all paths while files are written.
set -eu

kept=before-squidauth
root=${DESTDIR-}
program=${PROGRAM-}
failed=no

usage() {
	echo "usage: drop-in.sh install LIBEXEC SQUID_LIBEXEC [force]" >&2
	echo "       drop-in.sh remove  LIBEXEC [SQUID_LIBEXEC]" >&2
	exit 2
}

there() { [ -e "$1" ] || [ -L "$1" ]; }

# ours reports whether a path is a link of ours, to the program that this is about.
ours() {
	target=$(readlink "$1") || return 1
	case $target in "$libexec"/drop-in/*) ;; *) return 1 ;; esac
	[ -z "$program" ] || [ "$(readlink "$root$target")" = "../$program" ]
}

# owned reports whether dpkg knows the file as a package's: it then has to be told, or
# the next upgrade of the package would put the file back.
owned() { [ -z "$root" ] && command -v dpkg-divert >/dev/null && dpkg -S "$1" >/dev/null 2>&1; }

# diverted reports whether dpkg was told so.
diverted() {
	[ -z "$root" ] && command -v dpkg-divert >/dev/null &&
		[ "$(dpkg-divert --truename "$1")" = "$1.$kept" ]
}

problem() {
	echo "$*" >&2
	failed=yes
}

# elsewhere reports whether a path is a link to our programs in another LIBEXEC.
elsewhere() { case $(readlink "$1") in */drop-in/"${1##*/}") return 0 ;; esac; return 1; }

# taken_over reports whether our programs in another LIBEXEC have the place: what was there
# before is for them to put back.
taken_over() { ! ours "$1" && elsewhere "$1" && there "$root$(readlink "$1")"; }

# keep keeps what is there under another name as well. It stays where it is until the
# link takes its place, so that Squid is never without a helper, whatever fails.
keep() {
	ln -fP "$root$1" "$root$1.$kept"
	if owned "$1"; then
		dpkg-divert --quiet --local --no-rename --divert "$1.$kept" --add "$1"
	fi
}

# put replaces one of Squid's helpers, by one rename.
put() {
	name=$1 path=$squid/$1
	if ours "$root$path"; then
		return
	fi
	if there "$root$path"; then
		if [ "$force" != force ]; then
			problem "$path is there already and was left alone; with FORCE=yes, or the word force here, it is replaced, and kept as $name.$kept"
			return
		fi
		if elsewhere "$root$path"; then # what it replaced is kept already
			:
		elif diverted "$path" && ! [ "$root$path" -ef "$root$path.$kept" ]; then
			problem "$path was left alone: $name.$kept is there already, so this file is not the package's; move it away"
			return
		else
			keep "$path"
		fi
	fi
	rm -f "$root$path.new"
	ln -s "$libexec/drop-in/$name" "$root$path.new"
	mv -f "$root$path.new" "$root$path"
	echo "$path"
}

# take gives a name back to what had it before.
take() {
	name=$1 path=$squid/$1
	if taken_over "$root$path"; then
		return
	fi
	if there "$root$path.$kept"; then
		if [ "$root$path" -ef "$root$path.$kept" ]; then # it was never replaced
			rm -f "$root$path.$kept" || return
		elif ours "$root$path" || ! there "$root$path"; then
			mv -f "$root$path.$kept" "$root$path" || return
		else
			problem "$path is not our link any more and was left alone; what was there before us is $name.$kept"
			return
		fi
	elif ours "$root$path"; then
		rm "$root$path" || return
	fi
	if diverted "$path"; then
		dpkg-divert --quiet --local --no-rename --remove "$path"
	fi
}

# taken lists the names that take is about: links of ours, and what was kept, even where
# the link or the file is gone. Of PROGRAM these are its links only.
taken() {
	for path in "$root$squid"/*; do
		name=${path##*/}
		if ours "$path"; then
			echo "$name"
		elif [ -z "$program" ] && [ "${name%."$kept"}" != "$name" ]; then
			echo "${name%."$kept"}"
		fi
	done
	if [ -z "$root$program" ] && command -v dpkg-divert >/dev/null; then
		LC_ALL=C dpkg-divert --list "$squid/*" |
			sed -n "s|^local diversion of $squid/\([^ /]*\) to .*\.$kept\$|\1|p"
	fi
}

# confined tells of AppArmor, which knows the programs behind links by their own paths.
confined() {
	grep -q '^/usr/sbin/squid (enforce)' "$root/sys/kernel/security/apparmor/profiles" 2>/dev/null &&
		! grep -qs squidauth "$root/etc/apparmor.d/local/usr.sbin.squid"
}

install() {
	if confined; then
		echo "AppArmor keeps Squid from running these programs: see \"AppArmor\" in hardening.md first" >&2
		exit 1
	fi
	if ! [ -d "$root$squid" ]; then
		echo "$squid is no directory: which one has Squid's helpers?" >&2
		exit 1
	fi
	grep -qxF "$squid" "$places" 2>/dev/null || echo "$squid" >>"$places"
	for link in "$root$libexec"/drop-in/*; do
		if [ -z "$program" ] || [ "$(readlink "$link")" = "../$program" ]; then
			put "${link##*/}"
		fi
	done
}

remove() {
	for name in $(taken | sort -u); do
		take "$name" || problem "$squid/$name could not be put back"
	done
	[ -z "$program" ] && [ -e "$places" ] && [ "$failed" = no ] || return 0
	others=$(grep -vxF "$squid" "$places") || :
	if [ -n "$others" ]; then
		echo "$others" >"$places"
	else
		rm "$places"
	fi
}

# whole prints a path without the slashes that a shell puts behind names, if it is whole.
whole() {
	path=$1
	while [ "${path%/}" != "$path" ]; do path=${path%/}; done
	case $path in
	/*) echo "$path" ;;
	*) echo "$1: give the whole path" >&2 && return 1 ;;
	esac
}

[ $# -ge 2 ] || usage
libexec=$(whole "$2") || exit 2
places=$root$libexec/drop-in.places
case $1 in
install)
	[ $# -ge 3 ] || usage
	squid=$(whole "$3") || exit 2
	force=${4-}
	install
	;;
remove)
	only=
	[ $# -lt 3 ] || only=$(whole "$3") || exit 2
	while read -r squid; do
		[ -z "$squid" ] || remove
	done <<-EOF
		${only:-$(cat "$places" 2>/dev/null)}
	EOF
	;;
*) usage ;;
esac
[ "$failed" = no ]
