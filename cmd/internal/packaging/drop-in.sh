#!/bin/sh
# Puts our programs in the place of Squid's own helpers, in Squid's directory, and takes
# them out of it again. What was there is kept beside it, and comes back.
#
#   drop-in.sh install LIBEXEC SQUID_LIBEXEC [force]
#   drop-in.sh remove  LIBEXEC SQUID_LIBEXEC
#
# LIBEXEC has our programs, and the folder drop-in with a link for each name. Without
# "force" no file is replaced. DESTDIR, if it is set, stands before both paths while files
# are written.
set -eu

what=$1 libexec=$2 squid=$3 force=${4-}
root=${DESTDIR-}
kept=before-squidauth

# owned reports whether dpkg knows the file as a package's: it then has to be told, or
# the next upgrade of the package would put the file back.
owned() { [ -z "$root" ] && command -v dpkg-divert >/dev/null && dpkg -S "$1" >/dev/null 2>&1; }

ours() { case $(readlink "$1" || :) in "$libexec"/drop-in/*) return 0 ;; esac; return 1; }

put() {
	name=$1 path=$squid/$1
	if ours "$root$path"; then
		return
	fi
	if [ -e "$root$path" ] || [ -L "$root$path" ]; then
		if [ "$force" != force ]; then
			echo "$path is there already and was left alone; FORCE=yes replaces it, and keeps it as $name.$kept" >&2
			refused=yes
			return
		fi
		if owned "$path"; then
			dpkg-divert --quiet --local --rename --divert "$path.$kept" --add "$path"
		else
			mv "$root$path" "$root$path.$kept"
		fi
	fi
	ln -s "$libexec/drop-in/$name" "$root$path"
	echo "$path"
}

take() {
	name=$1 path=$squid/$1
	if ours "$root$path"; then
		rm "$root$path"
	fi
	if [ -e "$root$path.$kept" ] && ! [ -e "$root$path" ]; then
		if [ -z "$root" ] && command -v dpkg-divert >/dev/null && [ "$(dpkg-divert --truename "$path")" = "$path.$kept" ]; then
			dpkg-divert --quiet --local --rename --remove "$path"
		else
			mv "$root$path.$kept" "$root$path"
		fi
	fi
}

refused=no
for link in "$root$libexec"/drop-in/*; do
	name=${link##*/}
	case $what in
	install) put "$name" ;;
	remove) take "$name" ;;
	*)
		echo "drop-in.sh: install or remove?" >&2
		exit 2
		;;
	esac
done
[ "$refused" = no ]
