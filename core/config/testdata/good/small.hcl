auth "people" "only" {}
backend "store" "main" { root = "/srv" }
frontend "door" "public" { listen = ["127.0.0.1:8022"] }
