package logical

import (
	"errors"
	"io"
	"net"
	"os"
	"time"
)

const (
	// enough bytes are worth being woken for, at once.
	enough = 64 << 10
	// patience is how long less than that may wait while the server has much to send.
	patience = 10 * time.Millisecond
	// much is more than that in one read.
	much = 4 << 10
	// trickling is how long it may wait else.
	trickling = time.Millisecond
)

// A calmReader reads what a server sends. A sender of changes sends each message by itself, and whoever reads it as soon as it
// comes makes both sides pay for a packet, and itself for a wake-up, per message: with transactions of one row 2.6 s on the
// source and 2.3 s here for 200,000 of them. Left alone for a moment, many go as one: 1.7 s and 0.3 s.
type calmReader struct {
	from    io.Reader
	conn    net.Conn    // nil: reads as it comes, without a deadline
	until   time.Time   // when to give up, with os.ErrDeadlineExceeded; zero: never
	stopped func() bool // reading shall end; whoever says so also sets a deadline that is over
	able    bool        // to be left alone until there is enough
	linger  time.Duration
	buffer  []byte
	unread  []byte // of buffer
}

func newCalmReader(from io.Reader) *calmReader {
	return &calmReader{from: from, buffer: make([]byte, 4*enough)}
}

// calm begins to read calmly from conn, which is what from reads from in the end, if the system can.
func (r *calmReader) calm(conn net.Conn, stopped func() bool) {
	r.conn, r.stopped, r.able = conn, stopped, lowWater(conn, enough)
}

// Read implements io.Reader.
func (r *calmReader) Read(p []byte) (int, error) {
	if len(r.unread) == 0 {
		n, err := r.fill()
		if n == 0 {
			return 0, err
		}
		r.unread = r.buffer[:n]
		if r.linger = trickling; n > much {
			r.linger = patience
		}
	}
	n := copy(p, r.unread)
	r.unread = r.unread[n:]
	return n, nil
}

// fill reads once from the connection.
func (r *calmReader) fill() (int, error) {
	if r.conn == nil {
		return r.from.Read(r.buffer)
	}
	if soon := time.Now().Add(r.linger); r.able && (r.until.IsZero() || soon.Before(r.until)) {
		n, err := r.wait(soon)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || r.stopped() {
			return n, err
		}
		lowWater(r.conn, 1)
		defer lowWater(r.conn, enough)
	}
	return r.wait(r.until)
}

// wait reads what there is, at once; else it waits for as many bytes as the low-water mark says.
func (r *calmReader) wait(until time.Time) (int, error) {
	if err := r.conn.SetReadDeadline(until); err != nil {
		return 0, err
	}
	if r.stopped() { // perhaps before the deadline was set
		return 0, os.ErrDeadlineExceeded
	}
	return r.from.Read(r.buffer)
}
