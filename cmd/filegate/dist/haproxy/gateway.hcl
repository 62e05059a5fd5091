# The configuration of each gateway. What differs comes from the environment, which cluster sets:
# NAME, ADDRESS, DATA_PORTS (a range of its own) and PID_FILE.

pid_file        = env("PID_FILE")
shutdown_grace  = "30s"
drain_delay     = "2s" # longer than HAProxy takes to see that /readyz fails

# /readyz for HAProxy's checks. It needs no token.
admin {
  listen = "${env("ADDRESS")}:9180"
  token  = file("token")
  tls {
    cert = "tls.pem"
    key  = "tls.pem"
  }
}

# Both gateways see at once what a client has changed through one of them, accept each other's
# logins, and count bans and logins per minute together.
cache "memcached" {
  servers = [env("MEMCACHED")]
  key     = file("cache.key")
}

login {
  ban { failures = 5 }
}
limits {
  per_address { logins_per_minute = 60 }
}

auth "swiftv1" "swift" {
  config { auth_url = env("AUTH_URL") }
}

backend "swift" "main" {
  segment_size = "1MiB"
}

frontend "ssh" "public" {
  listen    = ["${env("ADDRESS")}:8022"]
  host_keys = ["hostkeys"]              # the same on all gateways
  version   = "filegate_${env("NAME")}" # shows which gateway a client is connected to
  proxy_protocol { from = [env("BALANCER")] }
}

frontend "ftp" "public" {
  listen = ["${env("ADDRESS")}:8021"]
  banner = "filegate ${env("NAME")} is ready."
  proxy_protocol { from = [env("BALANCER")] }
  tls {
    mode = "explicit"
    cert = "tls.pem"
    key  = "tls.pem"
  }
  # HAProxy passes each range to its gateway.
  passive {
    ports       = env("DATA_PORTS")
    public_host = env("BALANCER")
  }
}
