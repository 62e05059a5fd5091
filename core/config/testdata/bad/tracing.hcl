tracing {
  endpoint = "otel.example.net:4318"
  header "bad name" { value = "secret-of-the-collector" }
  header "authorization" { value = "two\nlines-of-a-secret" }
  ca_file = "no-such-file.pem"
  sample  = 1.5
  timeout = "2m"
}
auth "people" "only" { path = "testdata/plugins/filegate-auth-people" }
backend "store" "main" { root = "/srv" }
frontend "door" "public" { listen = ["127.0.0.1:8022"] }
