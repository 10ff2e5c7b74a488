#!/bin/sh
# Before the package is removed Squid gets back what basic-pam was in the place of; see
# pre-remove.sh.
set -eu

case ${1-} in remove | 0) ;; *) exit 0 ;; esac
PROGRAM=basic-pam /usr/share/squidauth/drop-in.sh remove /usr/libexec/squidauth
