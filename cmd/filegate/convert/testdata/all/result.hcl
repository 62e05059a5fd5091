# Made by filegate convert from sftpcloudfs.conf. The comments explain what differs from the old
# configuration, and what to decide. See gateway.hcl.example for all options, and test this file
# with: filegate check -deep -c FILE

pid_file = "/run/sftpcloudfs.pid"
# gid = "daemon" in sftpcloudfs.conf was the name of a user, and meant the primary group of that
# user. Filegate takes it for the name of a group.
group = "daemon"

log {
  level = "debug"
  output = "/var/log/sftpcloudfs.log"
}

# memcache: "nonsense" is left out, it is not HOST:PORT.

# The old servers kept tokens in memcached in clear text. Filegate encrypts all that it keeps there,
# with a key that all gateways share. To make the key: (umask 077; openssl rand -base64 48 > FILE)

# To use memcached, make the key, and remove the "#" from the following lines, or run filegate
# convert again with -cache-key FILE.

#cache "memcached" {
  #servers = ["127.0.0.1:11211", "127.0.0.2:11211"]
  #key = file("/etc/filegate/cache.key")
#}

auth "swiftv1" "main" {
  config {
    auth_url = "http://127.0.0.1:8080/auth/v1.0"
    # insecure = "no" in sftpcloudfs.conf turned off the verification of certificates: sftp-cloudfs
    # took every value as yes. Filegate verifies them. If logins fail now because of the
    # certificate, set ca_file in this block and in the backend.

    # rackspace-service-net in sftpcloudfs.conf has no equivalent. To use an internal address of the
    # storage, set storage_url.

    # keystone-region-name in sftpcloudfs.conf is left out: it is for Keystone, and keystone-auth is
    # not set.
  }
}

backend "swift" "main" {
  # The old servers created files in directories that did not exist. With false, that is an error,
  # as on other servers.
  implicit_directories = true
  storage_policy = "gold"
  # split-large-files = 40 in sftpcloudfs.conf, in MB, as a multiple of 256 KiB.
  segment_size = "39168KiB"
  # Filegate reads the large files of the old servers, and stores its own as static large objects.
  # large_objects = "dlo" stores them as the old servers did, in FILE.part/: only for a time in
  # which both serve the same containers.

  # hide-part-dir = "perhaps" in sftpcloudfs.conf is neither yes nor no: sftp-cloudfs did not start
  # with it. Its default counts here.

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
  services = ["sftp"]
  version = "files \"2\""
  # max-children of sftpcloudfs.conf. Further clients waited there. Filegate refuses them: the
  # default is 1000.
  max_connections = 50
  # negotiation-timeout and auth-timeout of sftpcloudfs.conf together, in which a client must have
  # logged in.
  login_timeout = "40s"
  # keepalive of sftpcloudfs.conf. A client that sends nothing for three times as long is
  # disconnected.
  keepalive = "0s"
  # ciphers of sftpcloudfs.conf: filegate does not have "blowfish-cbc". The old server ignored names
  # that it did not know.

  # Without this line filegate offers all secure algorithms that it has.
  ciphers = ["aes256-ctr", "aes128-ctr"]
  # digests of sftpcloudfs.conf: filegate does not have "hmac-md5". The old server ignored names
  # that it did not know.

  # None of digests is left: filegate offers all secure algorithms that it has.
}

# no-such-option = "1" in sftpcloudfs.conf is not an option of sftp-cloudfs. It had no effect.
