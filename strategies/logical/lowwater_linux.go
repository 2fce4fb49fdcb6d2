package logical

import (
	"net"
	"syscall"
)

// lowWater lets a read that waits wait for as many bytes (socket(7): SO_RCVLOWAT), or until the sender can't send more; what is
// there is read at once all the same. It reports false for what is not TCP, TLS aside.
func lowWater(conn net.Conn, bytes int) bool {
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secured.NetConn()
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return false
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, bytes)
	})
	return err == nil && set == nil
}
