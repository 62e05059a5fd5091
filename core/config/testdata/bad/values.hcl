admin { listen = "9180" }

auth "people" "only" {
  sha256 = "abc"
}
auth "broken" "program" {}
auth "people" "elsewhere" {
  path = "/no/such/program"
}
auth "people" "inner" {
  config "label" {
    url = envv("SOME_NAME")
    ldap {}
  }
}

backend "store" "main" {
  root  = env("NO_SUCH_NAME")
  limit = 11
  pin   = file("no-such-file")
}
backend "store" "device" {
  root = file("/dev/null")
}

frontend "door" "public" {
  listen  = ["8022"]
  auth    = ["only"]
  backend = "main"
  tls {
    cert = ""
  }
}
