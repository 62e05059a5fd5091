# The configuration of filegate. Give it the address of your Swift, check it, and start the service:
#
#   filegate check -deep
#   systemctl enable --now filegate
#
# gateway.hcl(5) explains every option. /usr/share/doc/filegate/gateway.hcl.example shows all of
# them. The user filegate must be able to read keys and certificates.

user     = "filegate" # where root starts filegate, and for filegate check
pid_file = "/run/filegate/filegate.pid"

admin {
  socket = "/run/filegate/admin.sock" # for filegate status, reload, upgrade and more
}

audit {
  output = "/var/log/filegate/audit.log"
}

auth "swiftv1" "swift" {
  config { auth_url = "http://127.0.0.1:8080/auth/v1.0" }
}

backend "swift" "main" {}

frontend "ssh" "public" {
  listen    = [":8022"]
  host_keys = ["/etc/filegate/hostkeys"] # the package has made them
}

# FTP with TLS. Its certificate and key are files in PEM.
#
# frontend "ftp" "public" {
#   listen = [":2021"]
#   tls {
#     mode = "explicit"
#     cert = "/etc/filegate/tls.pem"
#     key  = "/etc/filegate/tls.key"
#   }
#   passive { ports = "60000-60100" }
# }
