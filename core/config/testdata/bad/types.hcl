shutdown_grace = 30

log {
  level  = info
  format = "xml"
  output = "/no/such/directory/filegate.log"
}

auth "people" "only" {}

backend "store" "main" {
  root  = 5
  size  = 1048576
  limit = "5"
  ratio = "half"
  wait  = "30"
  sync  = "yes"
  extra = ["a"]
  rule "x" { allow = 1 }
}
backend "store" "other" {
  root  = "/"
  size  = "64 megs"
  limit = 2.5
  wait  = "-1s"
}

frontend "door" "public" {
  listen  = "127.0.0.1:8022"
  backend = "main"
  idle { after = 60 }
}
