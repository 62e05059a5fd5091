auth "people" "only" {
  pasword = "hunter2-a"
  config {
    pin = hunter2-b
    pan = "${envv("X")}hunter2-c"
    pon = hunter2 + 1
  }
}
backend "store" "main" {
  root = "/"
  pni  = { first = "hunter2-d", "second" = 2 }
}
backend "stoer" "main" { pni = "hunter2-e" }
frontend "door" "public" { listen = ["127.0.0.1:8022"] }
auth "nobody" "second" {
  config { pni = "hunter2-h" }
}
backend "store" { pni = "hunter2-i" }
stoer "x" { pni = "hunter2-f" }
shutdown_grace { pni = "hunter2-g" }
