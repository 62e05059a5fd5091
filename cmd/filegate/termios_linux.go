package main

import "golang.org/x/sys/unix"

// The requests of ioctl(2) that read and set what a terminal does.
const getTermios, setTermios = unix.TCGETS, unix.TCSETS
