pid_file = "/run/b.pid"
log {}
backend "store" "main" {
  root  = "/"
  pin   = "hunter2"
  limit = env("SOME_NAME")
  pins  = "hunter2"
}
auth "people" "only" {}
