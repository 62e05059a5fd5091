# Ceph's RadosGW with the Swift API: one monitor, one storage daemon in a sparse file, one gateway. To be sourced after
# lib.sh.

RGW_PORT=$((18093 + OFFSET))
RGW_MON_PORT=$((18094 + OFFSET)) # and the next one, of the older protocol
RGW_OSD_PORT=$((18100 + OFFSET)) # and the 99 after it

RGW=$STATE/rgw
RGW_CONF=$RGW/ceph.conf
RGW_SERVICES=(rgw-gateway rgw-osd rgw-mon)

rgw_conf() {
  cat <<EOF
[global]
fsid = $(cat "$RGW/fsid")
mon host = [v2:127.0.0.1:$RGW_MON_PORT,v1:127.0.0.1:$((RGW_MON_PORT + 1))]
public network = 127.0.0.0/8
keyring = $RGW/keyring
run dir = $RGW/run
pid file = $RGW/run/\$name.pid
admin socket = $RGW/run/\$name.asok
crash dir = $RGW/crash
log file = $LOGS/ceph-\$name.log
auth allow insecure global id reclaim = false
# one copy of everything
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
[mon]
mon data = $RGW/mon
mon cluster log file = $LOGS/ceph-cluster.log
mon data avail warn = 1
mon data avail crit = 1
mon memory autotune = false
[osd]
osd data = $RGW/osd
osd objectstore = bluestore
osd memory target = 939524096
bluestore cache autotune = false
bluestore cache size = 33554432
bluestore block size = $((20 << 30))
bluestore block create = true
bluestore block db size = 0
bluestore block wal size = 0
osd op num shards = 2
osd op num threads per shard = 1
osd class load list = *
osd class default list = *
ms bind port min = $RGW_OSD_PORT
ms bind port max = $((RGW_OSD_PORT + 99))
public addr = 127.0.0.1
cluster addr = 127.0.0.1
[client.rgw]
rgw data = $RGW/gateway
rgw frontends = beast endpoint=127.0.0.1:$RGW_PORT
rgw thread pool size = 64
rgw num rados handles = 1
rgw enable apis = swift, swift_auth, s3, admin
rgw swift url = http://127.0.0.1:$RGW_PORT
rgw swift versioning enabled = true
# few, so that tests make files of more segments
rgw max slo entries = 4
rgw gc obj min wait = 60
rgw gc processor period = 60
EOF
}

configure_rgw() {
  mkdir -p "$RGW"/{run,crash,mon,osd,gateway}
  [ -s "$RGW/fsid" ] || cat /proc/sys/kernel/random/uuid >"$RGW/fsid"
  rgw_conf >"$RGW_CONF.new"
  mv "$RGW_CONF.new" "$RGW_CONF"
}

ceph() { timeout 60 /usr/bin/ceph -c "$RGW_CONF" --connect-timeout 30 "$@" 2>>"$LOGS/rgw-setup.log"; }
rgw_admin() { timeout 120 radosgw-admin -c "$RGW_CONF" -n client.rgw "$@" >>"$LOGS/rgw-setup.log" 2>&1; }

make_monitor() {
  [ ! -d "$RGW/mon/store.db" ] || return 0
  local key=(ceph-authtool "$RGW/keyring" --gen-key)
  {
    monmaptool --create --fsid "$(cat "$RGW/fsid")" --clobber \
      --addv a "[v2:127.0.0.1:$RGW_MON_PORT,v1:127.0.0.1:$((RGW_MON_PORT + 1))]" "$RGW/monmap"
    ceph-authtool --create-keyring "$RGW/keyring"
    chmod 600 "$RGW/keyring"
    "${key[@]}" -n mon. --cap mon 'allow *'
    "${key[@]}" -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
    "${key[@]}" -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
    "${key[@]}" -n client.rgw --cap mon 'allow rw' --cap osd 'allow rwx'
    ceph-mon -c "$RGW_CONF" --mkfs -i a --monmap "$RGW/monmap" --keyring "$RGW/keyring"
  } >>"$LOGS/rgw-setup.log" 2>&1
}

make_osd() {
  [ ! -e "$RGW/osd/made" ] || return 0
  local uuid
  uuid=$(cat /proc/sys/kernel/random/uuid)
  [ "$(ceph osd new "$uuid")" = 0 ] || die "Ceph has another storage daemon already, see $LOGS/rgw-setup.log"
  ceph-osd -c "$RGW_CONF" -i 0 --mkfs --osd-uuid "$uuid" >>"$LOGS/rgw-setup.log" 2>&1
  touch "$RGW/osd/made"
}

# make_rgw_user UID SUBUSER KEY: with the login UID:SUBUSER.
make_rgw_user() {
  rgw_admin user info --uid="$1" || rgw_admin user create --uid="$1" --display-name="$1" --max-buckets=10000
  rgw_admin subuser create --uid="$1" --subuser="$1:$2" --access=full
  rgw_admin key create --subuser="$1:$2" --key-type=swift --secret="$3"
}

mon_answers() { ceph quorum_status >/dev/null; }
osd_is_up() { [[ $(ceph osd stat) == *"1 up"* ]]; }
rgw_works() {
  curl -sf -m 10 -o /dev/null -H 'X-Auth-User: test:tester' -H 'X-Auth-Key: testing' "http://127.0.0.1:$RGW_PORT/auth/v1.0"
}

start_rgw() {
  make_monitor || give_up rgw-setup "failed"
  start rgw-mon ceph-mon -c "$RGW_CONF" -i a -f
  within 60 mon_answers || give_up rgw-mon "has no quorum"
  make_osd || give_up rgw-setup "failed"
  start rgw-osd ceph-osd -c "$RGW_CONF" -i 0 -f
  within 60 osd_is_up || give_up rgw-osd "is not up"
  start rgw-gateway radosgw -c "$RGW_CONF" -n client.rgw -f
  expect rgw-gateway "$RGW_PORT"
  if [ ! -e "$RGW/users" ]; then
    make_rgw_user test tester testing
    rgw_admin key create --uid=test --key-type=s3 --access-key=filegate --secret-key=testing
    make_rgw_user test2 tester2 testing2
    make_rgw_user quota tester testing
    rgw_admin quota set --uid=quota --quota-scope=user --max-size=16M
    rgw_admin quota enable --uid=quota --quota-scope=user
    touch "$RGW/users"
  fi
  within 60 rgw_works || give_up rgw-gateway "does not serve a login"
}
