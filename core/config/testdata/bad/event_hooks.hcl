auth "people" "only" {}
backend "store" "main" { root = "/" }
frontend "door" "public" { listen = ["127.0.0.1:8022"] }
event_hook "none" {}
event_hook "both" {
  url     = "ftp://example.net"
  command = ["/bin/true"]
  secret  = "hunter2"
  events  = ["login", "uplod"]
  queue   = 0
  timeout = "2m"
}
event_hook "both" { command = ["true"] }
event_hook "bad name" {
  url       = "example.net"
  ca_file   = "none.pem"
  retry_for = "48h"
  events    = []
}
event_hook {}
event_hook "late" {
  command = ["/bin/true"]
  events  = ["logout"]
  before  = true
}
