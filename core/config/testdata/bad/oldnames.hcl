memcache = "127.0.0.1:11211"
auth "people" "x" {}
backend "store" "main" {
  root           = "/"
  hide-part-dir  = true
}
frontend "door" "public" {
  listen              = ["127.0.0.1:1"]
  masquerade_firewall = "192.0.2.1"
}
