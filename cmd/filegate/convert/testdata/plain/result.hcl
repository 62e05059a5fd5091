# Made by filegate convert from ftpcloudfs.conf. The comments explain what differs from the old
# configuration, and what to decide. See gateway.hcl.example for all options, and test this file
# with: filegate check -deep -c FILE

log {
  output = "syslog"
}

limits {
  per_address {
    # max-cons-per-ip of ftpcloudfs.conf. It counts the clients of all frontends.
    connections = 5
  }
}

auth "swiftv1" "main" {
  config {
    auth_url = "https://swift.example.net/auth/v1.0"
  }
}

backend "swift" "main" {
  # The old servers created files in directories that did not exist. With false, that is an error,
  # as on other servers.
  implicit_directories = true
  # split-large-files = 1000 in ftpcloudfs.conf, in MB, is too large for segment_size: the old
  # server passed parts on as they came, but filegate holds a segment in memory until it is stored,
  # and several for each upload.
  segment_size = "64MiB"
  # Filegate reads the large files of the old servers, and stores its own as static large objects.
  # large_objects = "dlo" stores them as the old servers did, in FILE.part/: only for a time in
  # which both serve the same containers.
}

frontend "ftp" "main" {
  listen = ["0.0.0.0:2021"]
  # Passwords and files pass in clear text, as before. Add a tls block with a certificate: see
  # gateway.hcl.example.

  # banner = "ftp-cloudfs %v using pyftpdlib %f ready." in ftpcloudfs.conf is left out: filegate
  # does not show versions of programs, for which %v, %f and %s stood.
  passive {
    public_host = "ftp.example.net"
    ports = "60000-60100"
  }
}
