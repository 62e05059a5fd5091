include  = ["parts/cycle.hcl", "parts/none.hcl", "parts", "parts/m*.hcl", "parts/mistakes.hcl", ""]
pid_file = "/run/a.pid"
log {}
auth "people" "only" {}
frontend "door" "public" { listen = ["127.0.0.1:8022"] }
