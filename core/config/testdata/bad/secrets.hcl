auth "people" "only" {
  config {
    password = "hunter2-a${envv("X")}"
    secrets = {
      first = "hunter2-b${envv("X")}"
    }
    token = <<-END
      hunter2-c
      ${envv("X")}
    END
  }
}
backend "store" "main" {
  root = "/"
  pin  = ["hunter2-d"]
}
frontend "door" "public" { listen = ["127.0.0.1:8022"] }
