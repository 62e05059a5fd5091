// Package userfile reads and edits the file of the authenticator users, and checks passwords, keys
// and certificates against it. It is a separate package so that the command filegate users does not
// include the authenticator and its services.
//
// # The file
//
// The file is HCL, like gateway.hcl, and mistakes are reported in the same way:
//
//	ssh_authorities = ["ssh-ed25519 AAAA… office"]  # authorities for SSH certificates
//	tls_authorities = "/etc/filegate/clients.pem"   # authorities for TLS client certificates, in PEM
//	revoked_keys    = ["SHA256:jIqh…"]              # keys, certificates and authorities, as printed
//	                                                # by ssh-keygen -l
//
//	# A storage for users: any number of them, "keystone" or "swiftv1".
//	storage "keystone" "cloud" {
//	  auth_url = "https://keystone.example.net/v3"
//	  region   = "RegionOne"
//	}
//
//	user "alice" {
//	  # argon2id or bcrypt; written by filegate users passwd
//	  password = "$argon2id$v=19$m=19456,t=2,p=1$…$…"
//	  # lines of authorized_keys, with their options
//	  keys = [
//	    "ssh-ed25519 AAAA… alice@laptop",
//	    "from=\"192.0.2.0/24\",restrict ssh-ed25519 AAAA… backup",
//	    "cert-authority,principals=\"alice,ops\" ssh-ed25519 AAAA… her own authority",
//	  ]
//	  # the principals that her SSH certificates may have; default: the user's name
//	  principals       = ["alice"]
//	  tls_certificates = ["SHA256:0b5f…", "CN=alice,O=Example"]
//	  networks         = ["192.0.2.0/24"]  # where she may log in from; default: anywhere
//	  services         = ["ssh", "ftp"]    # default: all services
//	  groups           = ["staff"]
//	  home             = "/files/alice"    # the directory that she sees as "/"
//	  # "write" includes "create"
//	  permissions = ["read", "list", "write", "delete"]
//	  rule "/incoming" { permissions = ["write", "list"] }
//	  limits {
//	    sessions      = 4        # at the same time
//	    upload_rate   = "10MiB"  # per second and session
//	    download_rate = "10MiB"
//	    session_bytes = "1TiB"   # per session, uploads and downloads together
//	  }
//	  message = "Welcome."       # shown after the login
//	  storage = "cloud"          # default: none
//	  # the login at that storage
//	  storage_login  = "demo.alice"
//	  storage_secret = "sealed:1:…"  # written by filegate users credential
//	}
//
//	# Any password is accepted. Without permissions the user may only read and list.
//	user "anonymous" {
//	  anonymous = true
//	}
//
//	user "carl" { disabled = true }
//
// The storage_login of a "keystone" storage has one of the forms in the package comment of
// keystone: "project.user", or "app=ID" for an application credential. The secret of an application
// credential can be revoked without changing a password.
//
// # Decisions
//
// The secrets of storages are sealed (AES-256-GCM) with a key outside of the file, so that a copy
// of the file in a backup or a repository gives no access. Each secret is bound to the user, the
// name of the storage and the login: moved to another user it cannot be opened. A person who can
// write to the file can still log in as any user in it, by setting a password.
//
// The check of a password takes as long for an unknown user as for a known one. An unknown user is
// checked against a hash from the file, and a name always against the same one until the file is
// read again. So hashes of different costs do not reveal which users exist either.
//
// An unknown option of a key, of a certificate or in the file is a mistake, instead of being
// ignored, because options restrict access.
//
// The package uses HCL only through core/config, which has the decoder, the messages, and an editor
// that keeps comments. With a second user of HCL, the languages of the two files could diverge.
package userfile
