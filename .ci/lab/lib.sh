# What every script of the lab shares: where things are, and how a service is started and stopped. To be sourced.
#
# Two settings, from the environment:
#   FILEGATE_LAB_PORT_OFFSET   added to every port, for a second lab beside the first (default 0)
#   FILEGATE_LAB_STATE         everything the lab writes (default /var/tmp/filegate-lab, with the offset appended if any)

set -euo pipefail
export PATH=/usr/sbin:/usr/bin:/sbin:/bin # Debian's python3, whatever the caller's PATH puts before it
export LC_ALL=C.UTF-8
umask 022

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
OFFSET=${FILEGATE_LAB_PORT_OFFSET:-0}
SUFFIX=-$OFFSET
STATE=${FILEGATE_LAB_STATE:-/var/tmp/filegate-lab${SUFFIX#-0}}

MAIN_PORT=$((18090 + OFFSET))
KEYSTONE_PROXY_PORT=$((18091 + OFFSET))
STRICT_PORT=$((18092 + OFFSET))
KEYSTONE_PORT=$((15000 + OFFSET))
OBJECT_PORT=$((16210 + OFFSET))
CONTAINER_PORT=$((16211 + OFFSET))
ACCOUNT_PORT=$((16212 + OFFSET))
MEMCACHED_PORT=$((21311 + OFFSET))
STRICT_MEMCACHED_PORT=$((21312 + OFFSET))

CONF=$STATE/conf               # swift.conf, rings and server configurations
STRICT_CONF=$STATE/conf-strict # the same rings under a swift.conf of its own
KEYSTONE_CONF=$STATE/keystone  # keystone.conf, its database and its keys
DEVICES=$STATE/devices         # what Swift calls the devices directory; its one device is d1
LOGS=$STATE/log

die() {
  printf 'lab: %s\n' "$*" >&2
  exit 1
}

need_root() { [ "$(id -u)" = 0 ] || die "run as root"; }

# lock: from here to the end of the script no other up or down works on this state.
lock() {
  mkdir -p "$STATE" "$LOGS"
  exec 9>"$STATE/lock"
  flock -w 300 9 || die "another up or down has held $STATE/lock for five minutes"
}

# put FILE <TEXT: writes the file where it differs, and sets changed=1 then. Not for the end of a pipe: that is a subshell.
changed=
put() {
  local new
  new=$(mktemp)
  cat >"$new"
  if cmp -s "$new" "$1"; then
    rm -f "$new"
  else
    mkdir -p "$(dirname "$1")"
    chmod 644 "$new"
    mv "$new" "$1"
    changed=1
  fi
}

# write_keys DIRECTORY: a new pair of fernet keys for Keystone, 1 to encrypt with and 0 to follow it.
write_keys() {
  local key
  mkdir -p -m 700 "$1"
  for key in 0 1; do
    head -c 32 /dev/urandom | base64 | tr '+/' '-_' >"$1/$key.new"
    chmod 600 "$1/$key.new"
    mv "$1/$key.new" "$1/$key"
  done
}

# A service is known by a variable in its environment, which its children inherit: nothing is kept that could be stale,
# and no process can be forgotten.
mark() { printf 'FILEGATE_LAB_SERVICE=%s:%s' "$STATE" "$1"; }

# processes NAME: the process numbers of the service.
processes() {
  { grep -lszxF -- "$(mark "$1")" /proc/[0-9]*/environ || true; } | cut -d/ -f3
}

# start NAME COMMAND...: in its own session and with a clean environment, unless it runs. Output goes to $LOGS/NAME.log.
start() {
  local name=$1
  shift
  [ -z "$(processes "$name")" ] || return 0
  env -i PATH="$PATH" LC_ALL="$LC_ALL" HOME="$STATE" "$(mark "$name")" \
    setsid "$@" >>"$LOGS/$name.log" 2>&1 </dev/null 9>&- &
  disown
  within 5 running "$name" || give_up "$name" "did not start"
}

running() { [ -n "$(processes "$1")" ]; }

stopped() {
  local name
  for name in "$@"; do
    ! running "$name" || return 1
  done
}

# stop NAME...: asks all their processes to end, kills those that are there after ten seconds.
stop() {
  signal TERM "$@"
  within 10 stopped "$@" && return 0
  signal KILL "$@"
  within 10 stopped "$@" || die "does not die: $*"
}

signal() {
  local signal=$1 name process
  shift
  for name in "$@"; do
    for process in $(processes "$name"); do
      kill -"$signal" "$process" 2>/dev/null || true # it may have ended just now
    done
  done
}

# within SECONDS COMMAND...: tries until the command succeeds or the time is over.
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.1
  done
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# expect NAME PORT: waits until the service listens, and shows its log where it does not.
expect() {
  within 60 listening_or_dead "$1" "$2" && listening "$2" || give_up "$1" "does not listen on port $2"
}

listening_or_dead() { listening "$2" || ! running "$1"; }

give_up() {
  tail -n 20 "$LOGS/$1.log" | cut -c 1-400 >&2 || true # Swift logs a traceback as one line
  die "$1 $2; its log is $LOGS/$1.log"
}
