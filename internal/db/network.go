package db

import (
	"net"
	"strconv"
	"time"
)

// A network that fails without telling either side is noticed by both after about lostAfter, however long a statement
// runs or waits for data: what answers is the other side's operating system, not its server, nor its program.
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

// watched are settings with which the server notices it; they mean nothing for a local socket. Not tcp_user_timeout: that also
// ends the session of a program that lives but has not read for so long, as it can't write what it has read. Who is
// gone while the server sends is given up by its operating system, after a quarter of an hour or so.
func watched() map[string]string {
	return map[string]string{
		"tcp_keepalives_idle": seconds(probeAfter), "tcp_keepalives_interval": seconds(probeEvery),
		"tcp_keepalives_count": strconv.Itoa(int((lostAfter - probeAfter) / probeEvery)),
	}
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }
