plugin_dir     = "testdata/plugins"
shutdown_grace = "1m30s"

log {
  level  = "debug"
  format = "json"
  output = "syslog"
}
admin { listen = "127.0.0.1:9180" }

login {
  fail_delay = "1s"
  ban {
    failures = 3
    duration = "1h"
    allow    = ["192.0.2.0/24", "::1"]
  }
}

auth "people" "first" {
  sha256 = "0A0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"
  config {
    url   = "http://127.0.0.1:5000/"
    limit = 5
  }
}
auth "people" "second" {
  path = "testdata/plugins/filegate-auth-people"
}

cache "own" {}
cache "common" {
  boards = 7
  key    = env("SOME_NAME")
}

backend "store" "a" {
  root  = env("SOME_NAME")
  size  = "64MiB"
  limit = 5
  ratio = 0.5
  wait  = "1h30m"
  sync  = true
  times = true
  extra = { k = "v" }
  pin   = file("pin.txt")
  rule "x" { allow = true }
  rule "y" { allow = false }
}
backend "store" "b" {
  root  = "/srv"
  times = "type"
}

frontend "door" "public" {
  listen  = ["127.0.0.1:8022", "[::1]:8022"]
  auth    = ["second", "first"]
  backend = "b"
  tls { cert = "x.pem" }
}
