package db

import (
	"net"
	"time"
)

// A network that fails without telling either side is noticed after about lostAfter, however long a statement
// runs: what answers is the other side's operating system, not its server.
const (
	lostAfter  = 45 * time.Second
	probeAfter = 15 * time.Second
	probeEvery = 5 * time.Second
)

// dialer opens connections that notice it.
func dialer() *net.Dialer {
	return &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{
			Enable: true, Idle: probeAfter, Interval: probeEvery, Count: int((lostAfter - probeAfter) / probeEvery),
		},
		Control: limitSending,
	}
}
