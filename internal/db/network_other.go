//go:build !linux

package db

import "syscall"

// limitSending does nothing: only Linux can limit that by connection.
func limitSending(string, string, syscall.RawConn) error { return nil }
