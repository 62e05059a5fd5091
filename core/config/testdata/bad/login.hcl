login {
  fail_delay      = "1m"
  concurrent      = 0
  max_per_address = -1
  max_waiting     = -1
  penalty {
    min     = "0s"
    timeout = "2h"
  }
  ban {
    failures   = -1
    slow_after = -2
    user_failures = -3
    window     = "0s"
    duration   = "1000h"
    max_delay  = "16s"
    allow      = ["192.0.2.0/24", "192.0.2.0/33", "localhost"]
  }
}
auth "people" "only" { path = "testdata/plugins/filegate-auth-people" }
backend "store" "main" { root = "/srv" }
frontend "door" "public" { listen = ["127.0.0.1:8022"] }
limits {
  per_user {
    sessions    = -1
  }
}
