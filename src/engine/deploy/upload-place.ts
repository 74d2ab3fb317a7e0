/**
 * Sets `cache`, below which agents are sent to a target: the user's cache folder, or where that is read-only or has no room one of
 * the user's own below /var/tmp. Where an agent was sent before, it stays. Root runs a copy, so a place may be mounted noexec.
 * Changes nothing.
 */
export const placeScript = `
near() { at=$1; while [ ! -d "$at" ] && [ "$at" != / ]; do at=$(dirname -- "$at"); done; }
roomy() { # $1 a folder that may not be there yet: whether 64 MB can be put there
  near "$1"; [ -w "$at" ] || return 1
  kb=$(df -Pk -- "$at" 2>/dev/null | awk 'NR==2 {print $4}')
  [ "\${kb:-65536}" -ge 65536 ]
}
cache=\${XDG_CACHE_HOME:-$HOME/.cache}; spare=/var/tmp/pyrometer-$(id -u)
# One that somebody else made there is not the user's.
if [ ! -d "$cache/pyrometer/agent" ] && { [ ! -e "$spare" ] || [ -O "$spare" ]; }; then
  if [ -d "$spare/pyrometer/agent" ] || { ! roomy "$cache" && roomy "$spare"; }; then cache=$spare; fi
fi
`;

/** Fails where the folder $1 is below a folder in /var/tmp that is not the user's: somebody may have been quicker. */
export const ownPlaceScript = `
case $1 in /var/tmp/pyrometer-*) own=\${1#/var/tmp/}; [ -O "/var/tmp/\${own%%/*}" ] || exit 1;; esac
`;
