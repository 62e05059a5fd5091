admin { socket = "/run/here" }
