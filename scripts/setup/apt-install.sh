#!/bin/sh
# usage (as root): apt-install.sh PACKAGE...
# Installs Debian packages and nothing more: what is installed stays at its version, nothing is removed, no service is
# started, now or at the next boot.
set -eu

policy=/usr/sbin/policy-rc.d
mark='# Pyrometer: no service starts while packages are installed; removed afterwards'
made=no
before=$(mktemp)

enabled_units() {
  if command -v systemctl >/dev/null; then
    systemctl --root=/ list-unit-files --state=enabled --no-legend --no-pager | awk '{ print $1 }' | sort
  fi
}

finish() {
  [ "$made" = no ] || rm -f "$policy"
  rm -f "$before"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# One that carries our mark was left by a run that was killed.
if [ ! -e "$policy" ] || grep -qF "$mark" "$policy"; then
  made=yes
  printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
  chmod 755 "$policy"
elif "$policy" pyrometer start >/dev/null 2>&1; [ $? -ne 101 ]; then
  echo "this machine's own $policy lets services start during an installation: install them yourself: apt-get install $*" >&2
  exit 1
fi

enabled_units >"$before"

install() {
  # LC_ALL: the lines are read by set-up. The lock is waited for: another installation may be running.
  LC_ALL=C DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get install --yes --no-upgrade --no-remove \
    --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@"
}

# Lists that are older than the mirror name files that are gone.
install "$@" || { LC_ALL=C apt-get update -o DPkg::Lock::Timeout=300; install "$@"; }

enabled_units | comm -13 "$before" - | while read -r unit; do
  systemctl --root=/ disable --quiet "$unit"
done
