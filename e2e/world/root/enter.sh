#!/bin/sh
# Gives a command a root of its own. Run as: unshare --mount sh enter.sh WORLD REPOSITORY CACHE COMMAND...
#
# What the command changes in /etc, /home, /var and so on lands in a tmpfs that vanishes with the last process; the
# machine's files stay as they were. WORLD, REPOSITORY and CACHE are the real folders, at their own paths.
# pivot_root and not chroot: inside a chroot no user namespace can be made, and Electron's sandbox needs one.
set -eu
umask 022
world=$1 repository=$2 cache=$3
shift 3

mount --make-rprivate /
mount -t tmpfs -o mode=755,size=2g pyrometer-e2e "$world/overlay"
mkdir "$world/overlay/upper" "$world/overlay/work" "$world/overlay/root"
root=$world/overlay/root
mount -t overlay -o "lowerdir=/,upperdir=$world/overlay/upper,workdir=$world/overlay/work" pyrometer-e2e "$root"

# In memory: 19,000 files of an image took half a minute to remove from a busy disk.
mount -t tmpfs -o mode=711,size=3g pyrometer-e2e "$world/docker"

for folder in proc dev sys; do mount --rbind "/$folder" "$root/$folder"; done
mount -t tmpfs -o mode=1777 pyrometer-e2e "$root/dev/shm"
mount --bind "$world/run" "$root/run"
mount --bind "$world/tmp" "$root/tmp"
mkdir -p "$root/var/tmp"

# In a container these three are mounts of their own, which the overlay of / does not show.
for file in etc/resolv.conf etc/hosts etc/hostname; do
  if [ -f "/$file" ] && [ ! -L "/$file" ]; then cat "/$file" > "$world/overlay/copy" && cat "$world/overlay/copy" > "$root/$file"; fi
done

# Test users must be able to walk to the folders; only the overlay's copy of a parent folder changes its mode.
open_path() {
  parent=$(dirname "$1")
  while [ "$parent" != / ]; do
    chmod a+x "$root$parent"
    parent=$(dirname "$parent")
  done
}
for folder in "$world" "$repository" "$cache"; do
  mkdir -p "$root$folder"
  open_path "$folder"
done
mount --bind "$world" "$root$world"
mount --bind "$world/docker" "$root$world/docker"
mount --bind "$cache" "$root$cache"
if [ -n "$(find "$repository" -maxdepth 0 -perm -005)" ]; then
  mount --bind "$repository" "$root$repository"
else
  # A clone into a folder of `mktemp -d` is closed to other users. What lies in it is not: each entry is bound by itself.
  mkdir -p "$repository/test-results" "$repository/build"
  find "$repository" -mindepth 1 -maxdepth 1 | while read -r entry; do
    if [ -L "$entry" ]; then cp -P "$entry" "$root$entry"; continue; fi
    if [ -d "$entry" ]; then mkdir -p "$root$entry"; else : > "$root$entry"; fi
    mount --bind "$entry" "$root$entry"
  done
fi

mkdir "$root/.old"
cd "$root"
pivot_root . .old
umount -l /.old
rmdir /.old
cd "$repository"
exec "$@"
