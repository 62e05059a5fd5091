# Made by filegate convert from sftpcloudfs.conf and ftpcloudfs.conf. The comments explain what
# differs from the old configuration, and what to decide. See gateway.hcl.example for all options,
# and test this file with: filegate check -deep -c FILE

log {
  # log-file = "ftp.log" in ftpcloudfs.conf is left out: one process has one value, and that of
  # sftpcloudfs.conf counts.
  output = "sftp.log"
}

# The old servers kept tokens in memcached in clear text. Filegate encrypts all that it keeps there,
# with a key that all gateways share. To make the key: (umask 077; openssl rand -base64 48 > FILE)
cache "memcached" {
  servers = ["127.0.0.1:11211"]
  key = file("cache.key")
}

auth "swiftv1" "sftp" {
  config {
    auth_url = "https://swift.example.net/auth/v1.0"
  }
}

auth "keystone" "ftp" {
  # keystone-auth = "no" in ftpcloudfs.conf turned Keystone on: ftp-cloudfs took every value as yes.
  # If logins are for Swift auth 1.0, write auth "swiftv1" instead, without the options of Keystone.
  config {
    auth_url = "https://keystone.example.net/v2.0"
    # Passwords and files can be read by anybody who can redirect connections to the storage. Better
    # set ca_file.
    insecure = true
    version = "2.0"
    # A login PROJECT.USER was split at the first ".", even if that was part of a domain. Test such
    # logins with: filegate login -c FILE -u USER ftp
  }
}

backend "swift" "sftp" {
  # The old servers created files in directories that did not exist. With false, that is an error,
  # as on other servers.
  implicit_directories = true
  # The old server did not split large files, and could store none over 5 GB. Filegate splits files
  # larger than segment_size, whose default is 16MiB.

  # The old servers listed the parts of large files, unless hide-part-dir was set. Remove this line
  # to hide them.
  hide_segments = false
}

backend "swift" "ftp" {
  # The old servers created files in directories that did not exist. With false, that is an error,
  # as on other servers.
  implicit_directories = true
  insecure = true
  # The old server did not split large files, and could store none over 5 GB. Filegate splits files
  # larger than segment_size, whose default is 16MiB.

  # The old servers listed the parts of large files, unless hide-part-dir was set. Remove this line
  # to hide them.
  hide_segments = false
}

frontend "ssh" "main" {
  auth = ["sftp"]
  backend = "sftp"
  listen = ["127.0.0.1:8022"]
  # The key of the old server stays, so that clients know this one. More types of keys: filegate
  # hostkeys DIR makes them; name DIR here after copying the old key into it as the RSA key.
  host_keys = ["hostkey"]
  # With "exec" clients may also use commands such as md5sum, df and tempurl.
  services = ["sftp", "scp"]
  # ciphers of sftpcloudfs.conf names weak algorithms: "aes128-cbc", "3des-cbc", "arcfour",
  # "arcfour128", "arcfour256". Remove them, unless one of your clients supports nothing else.

  # Without this line filegate offers all secure algorithms that it has.
  ciphers = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-cbc", "3des-cbc", "arcfour", "arcfour128", "arcfour256"]
  # digests of sftpcloudfs.conf names weak algorithms: "hmac-sha1", "hmac-sha1-96". Remove them,
  # unless one of your clients supports nothing else.

  # Without this line filegate offers all secure algorithms that it has.
  macs = ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512", "hmac-sha1", "hmac-sha1-96"]
}

frontend "ftp" "main" {
  auth = ["ftp"]
  backend = "ftp"
  # port = "none" in ftpcloudfs.conf is not a number from 0 to 65535. The default counts here.
  listen = ["127.0.0.1:2021"]
  # Passwords and files pass in clear text, as before. Add a tls block with a certificate: see
  # gateway.hcl.example.

  # workers in ftpcloudfs.conf has no equivalent: one process uses all processors.
  passive {
    # passive-ports = "10000:9000" in ftpcloudfs.conf has the larger port first. The old server
    # compared the ports as texts.
    ports = "9000-10000"
  }
}
