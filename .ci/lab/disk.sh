# The disk below Swift. To be sourced after lib.sh.

# disk: mounts an XFS image at $DEVICES/d1 where loop devices and mounts are allowed, else leaves a plain directory
# there, and sets disk to "xfs" or "directory". Swift keeps an object's metadata in extended attributes; ext4 has room
# for about 4 KB of them per file, XFS for all that Swift allows.
disk() {
  local d1=$DEVICES/d1
  mkdir -p "$d1"
  if mountpoint -q "$d1"; then
    disk=xfs
    return
  fi
  # An earlier run without the image has left its data here: a mount would hide it.
  if [ -z "$(ls -A "$d1")" ] && mount_image "$d1" >>"$LOGS/disk.log" 2>&1; then
    disk=xfs
    return
  fi
  disk=directory
  touch "$d1/probe"
  if ! /usr/bin/python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.swift.metadata", bytes(2000))' "$d1/probe" \
    2>>"$LOGS/disk.log"; then
    die "no disk for Swift: no loop device, and $d1 does not take extended attributes (see $LOGS/disk.log); put FILEGATE_LAB_STATE on ext4 or XFS"
  fi
  rm "$d1/probe"
}

# The image is sparse: it takes what is written into it.
mount_image() {
  local image=$STATE/disk.xfs
  if [ ! -e "$image" ]; then
    truncate -s 32G "$image.new" && mkfs.xfs -q -f "$image.new" && mv "$image.new" "$image" || return 1
  fi
  mount -t xfs -o loop,noatime "$image" "$1"
}

# release_disk: undoes disk. The loop device goes with the mount.
release_disk() {
  ! mountpoint -q "$DEVICES/d1" || within 10 umount "$DEVICES/d1" 2>>"$LOGS/disk.log" ||
    die "$DEVICES/d1 is in use: $(findmnt -n "$DEVICES/d1")"
}
