#!/bin/sh
# usage: sshd.sh ARGUMENTS...    starts OpenSSH's server for a test, in this process
# The machine's own where it is installed, otherwise the one that set-up unpacked into the user's cache (as root only).
# That one was never installed, so it gets what an installation would have given it: its libraries, its folder below /run
# and the user it separates privileges with. Where that user is missing it exists in a mount namespace of sshd's own only;
# its sessions then see no mount that is made later. A test world has the user.
set -eu

if [ -x /usr/sbin/sshd ]; then exec /usr/sbin/sshd "$@"; fi

root=${XDG_CACHE_HOME:-$HOME/.cache}/pyrometer/unpacked/openssh-server
if [ ! -x "$root/usr/sbin/sshd" ]; then
  echo "sshd is neither installed nor unpacked in $root (Debian: openssh-server; npm test sets it up)" >&2
  exit 127
fi

mkdir -p /run/sshd
if ! grep -q '^sshd:' /etc/passwd; then
  if [ "${1:-}" != --inside ]; then exec unshare --mount sh "$0" --inside "$@"; fi
  users=$(mktemp)
  { cat /etc/passwd; echo 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin'; } >"$users"
  chmod 644 "$users"
  mount --bind "$users" /etc/passwd
  rm "$users"
fi
if [ "${1:-}" = --inside ]; then shift; fi
libraries=$(find "$root/lib" "$root/usr/lib" -name '*.so*' -exec dirname {} + 2>/dev/null | sort -u | paste -sd:)
# Sessions do not inherit this: sshd starts them with an environment of its own.
LD_LIBRARY_PATH=$libraries exec "$root/usr/sbin/sshd" "$@"
