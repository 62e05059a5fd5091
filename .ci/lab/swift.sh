# Swift: one replica on one device, and three proxies over it. To be sourced after lib.sh.

SWIFT_SERVICES=(proxy-main proxy-strict proxy-keystone object-expirer container-updater object-updater
  object-server container-server account-server)

swift_conf() { # MAX_FILE_SIZE
  cat <<EOF
[swift-hash]
swift_hash_path_prefix = filegate
swift_hash_path_suffix = lab
[storage-policy:0]
name = Policy-0
default = yes
[swift-constraints]
max_file_size = $1
EOF
}

server_defaults() { # PORT WORKERS DIRECTORY LOG_LEVEL
  cat <<EOF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $1
# 0 serves in one process, without a parent that polls
workers = $2
user = root
swift_dir = $3
log_level = $4
devices = $DEVICES
mount_check = false
fallocate_reserve = 0
EOF
}

storage_conf() { # KIND PORT WORKERS
  server_defaults "$2" "$3" "$CONF" WARNING
  cat <<EOF
[pipeline:main]
pipeline = healthcheck $1-server
[app:$1-server]
use = egg:swift#$1
[filter:healthcheck]
use = egg:swift#healthcheck
[$1-updater]
interval = 30
concurrency = 1
recon_cache_path = $STATE/cache
EOF
}

expirer_conf() {
  cat <<EOF
[DEFAULT]
swift_dir = $CONF
user = root
log_level = WARNING
[object-expirer]
interval = 10
recon_cache_path = $STATE/cache
[pipeline:main]
pipeline = catch_errors cache proxy-server
[app:proxy-server]
use = egg:swift#proxy
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$MEMCACHED_PORT
[filter:catch_errors]
use = egg:swift#catch_errors
EOF
}

proxy_conf() { # PORT WORKERS DIRECTORY MEMCACHED_PORT AUTH_FILTERS
  server_defaults "$1" "$2" "$3" INFO
  cat <<EOF
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck proxy-logging cache listing_formats bulk tempurl $5 copy container-quotas account-quotas slo dlo versioned_writes symlink proxy-logging proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
# Swift's defaults, 0.5 and 10 seconds, are for machines with more than two cores.
conn_timeout = 5
node_timeout = 60
recoverable_node_timeout = 60
# With one replica the default of 60 turns one failure of a server into a minute of 503.
error_suppression_interval = 1
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$4
memcache_max_connections = 8
# Tokens are in memcached. With the defaults (0.3, 1 and 2 seconds) a burst of requests on a machine with two cores makes
# Swift give it up for a minute, in which every token is refused.
connect_timeout = 10
pool_timeout = 60
io_timeout = 30
error_suppression_interval = 1
[filter:proxy-logging]
use = egg:swift#proxy_logging
[filter:container-quotas]
use = egg:swift#container_quotas
[filter:account-quotas]
use = egg:swift#account_quotas
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
EOF
  local filter
  for filter in catch_errors gatekeeper healthcheck listing_formats bulk tempurl copy slo dlo symlink; do
    printf '[filter:%s]\nuse = egg:swift#%s\n' "$filter" "$filter"
  done
}

tempauth_conf() { # TOKEN_LIFE
  cat <<EOF
[filter:tempauth]
use = egg:swift#tempauth
token_life = $1
user_admin_admin = admin .admin .reseller_admin
user_test_tester = testing .admin
user_test_tester3 = testing3
user_test2_tester2 = testing2 .admin
EOF
}

keystoneauth_conf() {
  cat <<EOF
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = $KEYSTONE_URL
auth_url = $KEYSTONE_URL
auth_type = password
username = swift
password = swiftpass
project_name = service
user_domain_id = default
project_domain_id = default
delay_auth_decision = true
cache = swift.cache
token_cache_time = 60
include_service_catalog = true
service_type = object-store
service_token_roles_required = true
[filter:keystoneauth]
use = egg:swift#keystoneauth
operator_roles = admin, swiftoperator
reseller_admin_role = ResellerAdmin
EOF
}

main_proxy_conf() {
  proxy_conf "$MAIN_PORT" 2 "$CONF" "$MEMCACHED_PORT" tempauth
  tempauth_conf 86400
}

# The strict proxy has a memcached of its own: tempauth hands out the token that it finds there, with the life it has left.
strict_proxy_conf() {
  proxy_conf "$STRICT_PORT" 0 "$STRICT_CONF" "$STRICT_MEMCACHED_PORT" tempauth
  tempauth_conf 20
}

keystone_proxy_conf() {
  proxy_conf "$KEYSTONE_PROXY_PORT" 0 "$CONF" "$MEMCACHED_PORT" "authtoken keystoneauth"
  keystoneauth_conf
}

configure_swift() {
  put "$CONF/swift.conf" < <(swift_conf 5368709122)
  put "$STRICT_CONF/swift.conf" < <(swift_conf 8388608)
  put "$CONF/object-server.conf" < <(storage_conf object "$OBJECT_PORT" 2)
  put "$CONF/container-server.conf" < <(storage_conf container "$CONTAINER_PORT" 0)
  put "$CONF/account-server.conf" < <(storage_conf account "$ACCOUNT_PORT" 0)
  put "$CONF/object-expirer.conf" < <(expirer_conf)
  put "$CONF/proxy-main.conf" < <(main_proxy_conf)
  put "$CONF/proxy-strict.conf" < <(strict_proxy_conf)
  put "$CONF/proxy-keystone.conf" < <(keystone_proxy_conf)
  ring object "$OBJECT_PORT" 8
  # The container updater starts a process for each partition that has something in it, every interval: of 256 that was half a core.
  ring container "$CONTAINER_PORT" 1
  ring account "$ACCOUNT_PORT" 1
  mkdir -p "$STATE/cache"
}

ring() { # NAME PORT PART_POWER
  if [ ! -s "$CONF/$1.ring.gz" ]; then
    (
      cd "$CONF"
      rm -f "$1.builder"
      swift-ring-builder "$1.builder" create "$3" 1 1
      swift-ring-builder "$1.builder" add "r1z1-127.0.0.1:$2/d1" 1
      swift-ring-builder "$1.builder" rebalance
    ) >>"$LOGS/rings.log" 2>&1 || true # rebalance exits 1 for a mere warning
    [ -s "$CONF/$1.ring.gz" ] || die "the $1 ring was not built, see $LOGS/rings.log"
  fi
  ln -sf "$CONF/$1.ring.gz" "$STRICT_CONF/"
}

start_swift() {
  start memcached memcached -u root -l 127.0.0.1 -p "$MEMCACHED_PORT" -m 128 -c 4096
  start memcached-strict memcached -u root -l 127.0.0.1 -p "$STRICT_MEMCACHED_PORT" -m 32 -c 1024
  local server
  for server in account container object; do
    start_swift_program "$server-server" "$CONF" "swift-$server-server" "$server-server"
  done
  start_swift_program proxy-main "$CONF" swift-proxy-server proxy-main
  start_swift_program proxy-strict "$STRICT_CONF" swift-proxy-server proxy-strict
  start_swift_program proxy-keystone "$CONF" swift-proxy-server proxy-keystone
  start_swift_program object-updater "$CONF" swift-object-updater object-server
  start_swift_program container-updater "$CONF" swift-container-updater container-server
  start_swift_program object-expirer "$CONF" swift-object-expirer object-expirer
}

start_swift_program() { # NAME DIRECTORY PROGRAM CONFIGURATION
  start "$1" /usr/bin/python3 "$LAB/swift-program.py" "$2" "/usr/bin/$3" "$CONF/$4.conf" verbose
}

expect_swift() {
  expect memcached "$MEMCACHED_PORT"
  expect memcached-strict "$STRICT_MEMCACHED_PORT"
  expect account-server "$ACCOUNT_PORT"
  expect container-server "$CONTAINER_PORT"
  expect object-server "$OBJECT_PORT"
  expect proxy-main "$MAIN_PORT"
  expect proxy-strict "$STRICT_PORT"
  expect proxy-keystone "$KEYSTONE_PROXY_PORT"
}

# request CURL_ARGUMENT...: one request; its answer's headers and body on standard output, false unless it succeeded.
request() { curl -sS -f -i -m 20 --noproxy '*' "$@" 2>>"$LOGS/requests.log"; }

# header NAME: the value of a header on standard input.
header() { tr -d '\r' | awk -v name="$1:" 'tolower($1) == tolower(name) { print $2; exit }'; }

# tempauth_works PORT: logs in and stores, fetches and removes an object.
tempauth_works() {
  local answer
  answer=$(request -H 'X-Auth-User: test:tester' -H 'X-Auth-Key: testing' "http://127.0.0.1:$1/auth/v1.0") || return 1
  storage_works "$(header X-Storage-Url <<<"$answer")" "$(header X-Auth-Token <<<"$answer")"
}

storage_works() { # URL TOKEN
  local object=$1/filegate-lab/ready
  request -H "X-Auth-Token: $2" -X PUT -o /dev/null "$1/filegate-lab" &&
    request -H "X-Auth-Token: $2" -T - -o /dev/null "$object" <<<ready &&
    request -H "X-Auth-Token: $2" "$object" | grep -qx ready &&
    request -H "X-Auth-Token: $2" -X DELETE -o /dev/null "$object" &&
    request -H "X-Auth-Token: $2" -X DELETE -o /dev/null "$1/filegate-lab"
}
