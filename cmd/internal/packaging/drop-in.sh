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

diverted() { [ -z "$root" ] && command -v dpkg-divert >/dev/null && [ "$(dpkg-divert --truename "$1")" = "$1.$kept" ]; }

# there reports whether there is a file, or a link, wherever it leads.
there() { [ -e "$1" ] || [ -L "$1" ]; }

ours() { case $(readlink "$1" || :) in "$libexec"/drop-in/*) return 0 ;; esac; return 1; }

# elsewhere reports whether it is a link to our programs in another LIBEXEC.
elsewhere() { case $(readlink "$1" || :) in */drop-in/"${1##*/}") return 0 ;; esac; return 1; }

# keep keeps what is there under another name as well. It stays where it is until the
# link takes its place, so that Squid is never without a helper, whatever fails.
keep() {
	ln -fP "$root$1" "$root$1.$kept"
	if owned "$1"; then
		dpkg-divert --quiet --local --no-rename --divert "$1.$kept" --add "$1"
	fi
}

put() {
	name=$1 path=$squid/$1
	if ours "$root$path"; then
		return
	fi
	if there "$root$path"; then
		if [ "$force" != force ]; then
			echo "$path is there already and was left alone; FORCE=yes replaces it, and keeps it as $name.$kept" >&2
			refused=yes
			return
		fi
		elsewhere "$root$path" || keep "$path" # or what it replaced would be lost
	fi
	rm -f "$root$path.new"
	ln -s "$libexec/drop-in/$name" "$root$path.new"
	mv -f "$root$path.new" "$root$path"
	echo "$path"
}

take() {
	name=$1 path=$squid/$1
	if there "$root$path.$kept"; then
		if [ "$root$path" -ef "$root$path.$kept" ]; then # it was never replaced
			rm -f "$root$path.$kept"
		elif ours "$root$path" || ! there "$root$path"; then
			mv -f "$root$path.$kept" "$root$path"
		else
			echo "$path is not our link any more and was left alone; what was there before us is $name.$kept" >&2
			return
		fi
	elif ours "$root$path"; then
		rm "$root$path"
	fi
	if diverted "$path"; then
		dpkg-divert --quiet --local --no-rename --remove "$path"
	fi
}

refused=no
case $what in
install)
	for link in "$root$libexec"/drop-in/*; do
		there "$link" || { echo "drop-in.sh: there is nothing in $libexec/drop-in" >&2; exit 1; }
		put "${link##*/}"
	done
	;;
remove) # also names that ours have no longer
	for file in "$root$squid"/*; do
		name=${file##*/}
		case $name in
		*."$kept") take "${name%."$kept"}" ;;
		*) ! ours "$file" || take "$name" ;;
		esac
	done
	;;
*)
	echo "drop-in.sh: install or remove?" >&2
	exit 2
	;;
esac
[ "$refused" = no ]
