# Keystone: v3 with fernet tokens in SQLite, under gunicorn. To be sourced after lib.sh and swift.sh.

KEYSTONE_URL=http://127.0.0.1:$KEYSTONE_PORT/v3

keystone_conf() {
  cat <<EOF
[DEFAULT]
use_stderr = true
[database]
connection = sqlite:///$KEYSTONE_CONF/keystone.db
[token]
provider = fernet
expiration = 3600
[fernet_tokens]
key_repository = $KEYSTONE_CONF/fernet
[fernet_receipts]
key_repository = $KEYSTONE_CONF/fernet
[credential]
key_repository = $KEYSTONE_CONF/credential
[cache]
enabled = true
backend = dogpile.cache.memcached
memcache_servers = 127.0.0.1:$MEMCACHED_PORT
[identity]
password_hash_rounds = 4
[auth]
methods = external,password,token,totp,application_credential
EOF
}

# Keystone takes the command line for its own, so gunicorn is told everything in a file. One worker without threads,
# since Keystone leaves read transactions open in SQLite that lock others out; it closes each connection after the
# answer and says so, which lets no client reuse one that is going away.
gunicorn_conf() {
  cat <<EOF
wsgi_app = "keystone.server.wsgi:initialize_public_application()"
bind = "127.0.0.1:$KEYSTONE_PORT"
workers = 1
timeout = 120
EOF
}

configure_keystone() {
  put "$KEYSTONE_CONF/keystone.conf" < <(keystone_conf)
  put "$KEYSTONE_CONF/gunicorn.conf.py" < <(gunicorn_conf)
  [ ! -e "$KEYSTONE_CONF/bootstrapped" ] || return 0
  bootstrap_keystone >>"$LOGS/keystone-bootstrap.log" 2>&1 || give_up keystone-bootstrap failed
  touch "$KEYSTONE_CONF/bootstrapped"
}

bootstrap_keystone() {
  write_keys "$KEYSTONE_CONF/fernet" && write_keys "$KEYSTONE_CONF/credential" &&
    keystone_manage db_sync &&
    keystone_manage bootstrap --bootstrap-password adminpass --bootstrap-region-id RegionOne \
      --bootstrap-public-url "$KEYSTONE_URL" --bootstrap-internal-url "$KEYSTONE_URL" --bootstrap-admin-url "$KEYSTONE_URL"
}

keystone_manage() { timeout 120 keystone-manage --config-file "$KEYSTONE_CONF/keystone.conf" "$@"; }

start_keystone() {
  start keystone env OS_KEYSTONE_CONFIG_FILES="$KEYSTONE_CONF/keystone.conf" \
    GUNICORN_CMD_ARGS="--config $KEYSTONE_CONF/gunicorn.conf.py" /usr/bin/python3 -m gunicorn
}

expect_keystone() {
  expect keystone "$KEYSTONE_PORT"
  within 60 request -o /dev/null "$KEYSTONE_URL" || give_up keystone "does not answer"
}

# populate_keystone: the projects, users and endpoints. May be repeated, also after half of it failed. Leaves the variables
# of what only Keystone could name in the file "populated", which stands for all of it as long as the program is no newer.
populate_keystone() {
  local attempt program=$LAB/keystone-populate.py populated=$KEYSTONE_CONF/populated
  [ ! -s "$populated" ] || [ "$program" -nt "$populated" ] || return 0
  for attempt in 1 2 3; do
    if timeout 120 /usr/bin/python3 "$program" "$KEYSTONE_URL" \
      "http://127.0.0.1:$KEYSTONE_PROXY_PORT/v1/AUTH_\$(project_id)s" "$KEYSTONE_CONF/keystone.db" \
      >"$populated.new" 2>>"$LOGS/keystone-populate.log"; then
      mv "$populated.new" "$populated"
      return
    fi
    sleep "$attempt"
  done
  give_up keystone-populate "failed $attempt times"
}

# keystone_works: logs in with a password and stores, fetches and removes an object with the token.
keystone_works() {
  local answer project
  answer=$(request -H 'Content-Type: application/json' "$KEYSTONE_URL/auth/tokens" -d '{"auth": {
    "identity": {"methods": ["password"],
      "password": {"user": {"name": "demo", "domain": {"name": "Default"}, "password": "demopass"}}},
    "scope": {"project": {"name": "demo", "domain": {"name": "Default"}}}}}') || return 1
  project=$(sed -n '/^{/p' <<<"$answer" |
    /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["token"]["project"]["id"])') || return 1
  storage_works "http://127.0.0.1:$KEYSTONE_PROXY_PORT/v1/AUTH_$project" "$(header X-Subject-Token <<<"$answer")"
}
