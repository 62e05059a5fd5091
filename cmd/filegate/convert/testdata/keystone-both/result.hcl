# Made by filegate convert from sftpcloudfs.conf and ftpcloudfs.conf. The comments explain what
# differs from the old configuration, and what to decide. See gateway.hcl.example for all options,
# and test this file with: filegate check -deep -c FILE

auth "keystone" "main" {
  config {
    auth_url = "https://keystone.example.net/v3"
    version = "3"
    region = "RegionOne"
    service_type = "object-store"
    interface = "internal"
    # A login PROJECT/USER was split at the first "/", even if that was part of a domain. Test such
    # logins with: filegate login -c FILE -u USER main
    tenant_separator = "/"
    # keystone-domain-separator in sftpcloudfs.conf is empty. The default counts here.

    # Logins without a domain belong to the domain with the name default, as before. "id=default"
    # would be the domain with that ID.
    default_domain = "default"
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

frontend "ftp" "main" {
  listen = ["127.0.0.1:2021"]
  # Passwords and files pass in clear text, as before. Add a tls block with a certificate: see
  # gateway.hcl.example.

  # permit-foreign-addresses of ftpcloudfs.conf: data connections may go to and come from any
  # address, which lets users attack other machines through this one. Better name the networks that
  # need it.
  foreign_data = ["0.0.0.0/0", "::/0"]
  passive {
    # passive-ports = "9000:10000" in ftpcloudfs.conf: the old server compared the ports as texts,
    # and refused this range.
    ports = "9000-10000"
  }
}
