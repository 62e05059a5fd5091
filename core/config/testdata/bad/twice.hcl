log {}
log {}
admin { listen = "127.0.0.1:8022" }

auth "people" "only" {
  config {}
  config {}
}
auth "people" "only" {}

backend "store" "main" { root = "/" }
backend "store" "main" { root = "/" }

frontend "door" "public" {
  listen = ["0.0.0.0:8022"]
  auth   = ["only", "only"]
}
frontend "door" "public" {
  listen = ["127.0.0.1:8023", "127.0.0.1:8023"]
  tls { cert = "x" }
  tls { cert = "y" }
}
