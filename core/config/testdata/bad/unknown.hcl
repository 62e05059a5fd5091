loge { level = "info" }
plugindir = "testdata/plugins"

auth "poeple" "only" {}

backend "stroe" "main" { root = "/" }
backend "store" "second" {
  root   = "/"
  lmit   = 5
  colour = "red"
  rules "x" { allow = true }
  limit {}
  rule = true
}

frontend "dor" "public" { listen = ["127.0.0.1:8022"] }
frontend "door" "public" {
  listen  = ["127.0.0.1:8023"]
  auth    = ["onyl"]
  backend = "mian"
  tls { crt = "x" }
}
