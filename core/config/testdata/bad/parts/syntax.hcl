backend "store" "main" {
  pin = "hunter2
}
