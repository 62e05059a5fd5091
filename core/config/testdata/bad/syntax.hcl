auth "people" "only" {
  config {
    password = "hunter2" oops
  }
}
backend "store" "main" {
  root = "unfinished
  kye  = "hunter2-b
}
