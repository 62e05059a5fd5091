admin {}

auth "people" "a" {}
auth "people" "b" {}

backend "store" "a" {}
backend "store" "b" {
  root = null
  rule "x" {}
}

frontend "door" "public" {}
frontend "door" "private" {
  listen = ["127.0.0.1:8022"]
  auth   = []
  tls {}
}
