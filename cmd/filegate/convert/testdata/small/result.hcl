# Made by filegate convert from sftpcloudfs.conf. The comments explain what differs from the old
# configuration, and what to decide. See gateway.hcl.example for all options, and test this file
# with: filegate check -deep -c FILE

auth "swiftv1" "main" {
  config {
    auth_url = "https://swift.example.net/auth/v1.0"
  }
}

backend "swift" "main" {
  # The old servers created files in directories that did not exist. With false, that is an error,
  # as on other servers.
  implicit_directories = true
  # The old server did not split large files, and could store none over 5 GB. Filegate splits files
  # larger than segment_size, whose default is 16MiB.

  # The old servers listed the parts of large files, unless hide-part-dir was set. Remove this line
  # to hide them.
  hide_segments = false
}

frontend "ssh" "main" {
  listen = ["127.0.0.1:8022"]
  # The key of the old server stays, so that clients know this one. More types of keys: filegate
  # hostkeys DIR makes them; name DIR here after copying the old key into it as the RSA key.
  host_keys = ["hostkey"]
  # With "exec" clients may also use commands such as md5sum, df and tempurl.
  services = ["sftp", "scp"]
}
