// Package userfile is the file in which the authenticator users keeps its users: reading it,
// checking what a client shows against it, and changing it. It is a package of its own so that the
// command filegate users has it without the authenticator and its services.
//
// # The file
//
// It is HCL, as gateway.hcl, and read with the same messages:
//
//	ssh_authorities = ["ssh-ed25519 AAAA… office"]      # whose certificates are trusted, for the principals of each user
//	tls_authorities = "/etc/filegate/clients.pem"       # whose TLS client certificates are, in PEM
//	revoked_keys    = ["SHA256:jIqh…"]                  # of keys, certificates and authorities, as ssh-keygen -l prints them
//
//	storage "keystone" "cloud" {                        # where users act: any number of them, "keystone" or "swiftv1"
//	  auth_url = "https://keystone.example.net/v3"
//	  region   = "RegionOne"
//	}
//
//	user "alice" {
//	  password = "$argon2id$v=19$m=19456,t=2,p=1$…$…"   # or bcrypt; written by filegate users passwd
//	  keys = [                                          # lines of authorized_keys, with their options
//	    "ssh-ed25519 AAAA… alice@laptop",
//	    "from=\"192.0.2.0/24\",restrict ssh-ed25519 AAAA… backup",
//	    "cert-authority,principals=\"alice,ops\" ssh-ed25519 AAAA… her own authority",
//	  ]
//	  principals       = ["alice"]                      # of certificates by ssh_authorities; left out: the user's name
//	  tls_certificates = ["SHA256:0b5f…", "CN=alice,O=Example"]
//	  networks         = ["192.0.2.0/24"]               # where she may come from; left out: from anywhere
//	  services         = ["ssh", "ftp"]                 # and by which; left out: by any
//	  groups           = ["staff"]
//	  home             = "/files/alice"                 # what is "/" to her
//	  permissions      = ["read", "list", "write", "delete"]  # "write" is more than "create"
//	  rule "/incoming" { permissions = ["write", "list"] }
//	  limits {
//	    sessions      = 4                               # at a time
//	    upload_rate   = "10MiB"                         # in a second, of one session
//	    download_rate = "10MiB"
//	    session_bytes = "1TiB"                          # of one session, both ways together
//	  }
//	  message        = "Welcome."                       # shown after the login
//	  storage        = "cloud"                          # which of the storages; left out: none
//	  storage_login  = "demo.alice"                     # as whom: what one would log in with at that storage itself
//	  storage_secret = "sealed:1:…"                     # written by filegate users credential
//	}
//
//	user "anonymous" {
//	  anonymous = true                                  # any password will do; may read and list only, unless permissions say more
//	}
//
//	user "carl" { disabled = true }
//
// The storage_login of a "keystone" storage has the forms that package keystone tells:
// "project.user", or "app=ID" for an application credential, whose secret can be taken back without
// changing anybody's password.
//
// # Decisions
//
// Secrets of the storage are sealed (AES-256-GCM) with a key that lies elsewhere, so that a copy of
// the file, in a backup or a repository, opens nothing. Each is bound to the user, the storage's
// name and the login: nobody who can only write to the file can make it open under another name.
// Whoever can write to the file can still log in as anybody in it, by giving him a password.
//
// An unknown user costs the work of a wrong password: that of some hash of the file, always the
// same for the same name, so that hashes of different cost tell nobody apart either.
//
// An option of a key, a certificate, or the file that is not understood makes the file bad, and is
// not passed over: options restrict.
//
// The package knows HCL only through core/config, which has the decoder and the messages, and an
// editor that keeps comments. The alternative, HCL in a second place, would have let the two files'
// languages drift apart.
package userfile
