package pgserver

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports are taken from below the range that Linux gives to outgoing
// connections, so that one of those doesn't sit on ours between a halt and a
// restart.
const (
	firstPort = 20000
	lastPort  = 32000
)

// freePort returns a TCP port of 127.0.0.1 that nobody listens on.
func freePort() (int, error) {
	const attempts = 100
	for range attempts {
		port := firstPort + rand.N(lastPort-firstPort)
		if !portTaken(port) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("found no free TCP port in %d attempts", attempts)
}

// portTaken reports whether a server could not listen on the port.
func portTaken(port int) bool {
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return true
	}
	_ = listener.Close()
	return false
}
