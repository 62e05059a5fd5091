auth "people" "only" {}
cache "own" {
  boards = 11
}
cache "own" {}
cache "common" { key = "" }
cache "public" {}
cache "attic" {}
cache "own" "extra" {}
cache {}
backend "store" "main" { root = "/" }
frontend "door" "public" { listen = ["127.0.0.1:8022"] }
