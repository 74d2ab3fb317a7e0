#!/bin/sh
# usage: sshd.sh ARGUMENTS...    starts OpenSSH's server for a test, in this process
# The machine's own where it is installed, otherwise the one that set-up unpacked into the user's cache (as root only).
# That one was never installed, so it gets in a mount namespace of its own what an installation would have given it: its
# libraries, the user it separates privileges with, and its folder below /run.
set -eu

if [ -x /usr/sbin/sshd ]; then exec /usr/sbin/sshd "$@"; fi

root=${XDG_CACHE_HOME:-$HOME/.cache}/pyrometer/unpacked/openssh-server
if [ ! -x "$root/usr/sbin/sshd" ]; then
  echo "sshd is neither installed nor unpacked in $root (Debian: openssh-server; npm test sets it up)" >&2
  exit 127
fi

if [ "${1:-}" != --inside ]; then
  # slave: what is mounted outside later is seen inside, and nothing the other way round.
  exec unshare --mount --propagation slave sh "$0" --inside "$@"
fi
shift

mkdir -p /run/sshd
if ! grep -q '^sshd:' /etc/passwd; then
  users=$(mktemp)
  { cat /etc/passwd; echo 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin'; } >"$users"
  chmod 644 "$users"
  mount --bind "$users" /etc/passwd
  rm "$users"
fi
libraries=$(find "$root/lib" "$root/usr/lib" -name '*.so*' -exec dirname {} + 2>/dev/null | sort -u | paste -sd:)
# Sessions do not inherit this: sshd starts them with an environment of its own.
LD_LIBRARY_PATH=$libraries exec "$root/usr/sbin/sshd" "$@"
