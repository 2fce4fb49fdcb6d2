//go:build !linux

package logical

import "net"

// lowWater reports that reads can't be told how many bytes to wait for.
func lowWater(net.Conn, int) bool { return false }
