# The file of an old server.
[ftpcloudfs]
auth-url = https://auth.example.net/v1.0
port = 2021
insecure = no
memcache = 127.0.0.1:11211
passive-ports = 60000:60100
colour = blue
