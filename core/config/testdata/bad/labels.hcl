auth "people" {}
auth "people" "../../etc" {}
backend "store" "main" {
  root = "/"
  rule { allow = true }
}
frontend "door" "public" "very" { listen = ["127.0.0.1:8022"] }
