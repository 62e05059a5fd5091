include = ["parts/*.hcl", env("PART")]
auth "people" "only" {}
frontend "door" "public" {
  listen = ["127.0.0.1:8022"]
  auth   = ["only"]
}
