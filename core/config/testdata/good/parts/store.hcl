include = "none-of-these-*"
backend "store" "main" {
  root  = "/"
  pin   = file("pin.txt")
  limit = env("LIMIT")
  sync  = env("SYNC")
}
log { level = "debug" }
