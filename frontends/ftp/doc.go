// Package ftp is the frontend that FTP and FTPS clients come in by.
package ftp
