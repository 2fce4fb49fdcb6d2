package pgtest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"time"
)

// A session is one connection through a Proxy. The proxy's mutex guards what
// is below it.
type session struct {
	proxy  *Proxy
	client net.Conn
	server net.Conn

	open     bool // the client is in the middle of a request
	copying  bool // the client has sent COPY data, which belong to its last request
	requests int  // let through to the server
	answers  int  // that came back

	failing bool // this session's request number last is where the network fails
	last    int
	mute    bool // the answer to that request is not passed on
	closed  bool

	catch   *Catch // whose texts have been seen
	matched int    // how many of them
	asked   *Catch // the answer to which is kept back
}

func newSession(p *Proxy, client, server net.Conn) *session {
	return &session{proxy: p, client: client, server: server}
}

// close loses the connection. The server is told, so that it ends the session.
func (s *session) close() {
	if s.closed {
		return
	}
	s.closed = true
	_ = s.client.Close()
	if half, ok := s.server.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = s.server.SetReadDeadline(time.Now().Add(lingerTimeout))
}

func (s *session) lockedClose() {
	s.proxy.mu.Lock()
	defer s.proxy.mu.Unlock()
	s.close()
}

// fromClient passes requests on until the client leaves or the network fails.
func (s *session) fromClient() {
	r, w := bufio.NewReader(s.client), bufio.NewWriter(s.server)
	message, code, err := readStartup(r, s.client)
	if err != nil {
		s.lockedClose()
		return
	}
	s.proxy.pass()
	if code != codeCancel && !s.mayStart() {
		return
	}
	if _, err = w.Write(message); err == nil {
		err = w.Flush()
	}
	for err == nil {
		var h header
		if h, err = readHeader(r); err != nil {
			break
		}
		s.proxy.pass()
		if !s.maySend(h.kind) {
			// What was let in before must reach the server all the same.
			_ = w.Flush()
			return
		}
		if h.kind != msgQuery && h.kind != msgParse {
			err = forward(w, r, h)
		} else if err = s.forwardText(w, r, h); errors.Is(err, errDropped) {
			s.lockedClose()
			return
		}
	}
	s.leave()
}

// errDropped says that a request was caught and shall not reach the server.
var errDropped = errors.New("dropped")

// forwardText is forward for a message that has SQL in it.
func (s *session) forwardText(w *bufio.Writer, r *bufio.Reader, h header) error {
	body := make([]byte, h.size)
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	if c := s.catches(string(body)); c != nil {
		if err := w.Flush(); err != nil {
			return err
		}
		if c.answered {
			s.proxy.mu.Lock()
			s.asked = c
			s.proxy.mu.Unlock()
		} else if !c.hold() {
			return errDropped
		}
	}
	if err := writeHeader(w, h); err != nil {
		return err
	}
	if _, err := w.Write(body); err != nil || r.Buffered() > 0 {
		return err
	}
	return w.Flush()
}

// keepBack keeps an answer back that is waited for, and reports whether it may
// go on.
func (s *session) keepBack() bool {
	s.proxy.mu.Lock()
	c := s.asked
	s.asked = nil
	s.proxy.mu.Unlock()
	return c == nil || c.hold()
}

// leave is called when the client has gone.
func (s *session) leave() {
	s.proxy.mu.Lock()
	defer s.proxy.mu.Unlock()
	if s.failing && !s.open && !s.copying {
		// The answer closes the session; until then the server shall work on.
		_ = s.server.SetReadDeadline(time.Now().Add(lingerTimeout))
		return
	}
	s.close()
}

// mayStart reports whether the session may be opened.
func (s *session) mayStart() bool {
	s.proxy.mu.Lock()
	defer s.proxy.mu.Unlock()
	return s.proxy.admit(s)
}

// maySend reports whether a message from the client may go to the server, and
// keeps track of where its requests begin and end.
func (s *session) maySend(kind byte) bool {
	s.proxy.mu.Lock()
	defer s.proxy.mu.Unlock()
	if s.closed {
		return false
	}
	begins := false
	switch kind {
	case msgTerminate, msgPassword, msgFlush:
	case msgCopyData, msgCopyDone, msgCopyFail:
		s.copying = true
	case msgQuery, msgFunctionCall:
		begins = true
		s.open, s.copying = false, false
	case msgSync:
		// In COPY the server skips the first Sync; this one closes the same request.
		begins = !s.open && !s.copying
		s.open, s.copying = false, false
	default:
		begins = !s.open
		s.open, s.copying = true, false
	}
	return !begins || s.proxy.admit(s)
}

// fromServer passes answers on until the server ends the session, which it
// does once the client is gone.
func (s *session) fromServer() {
	defer func() { _ = s.server.Close() }()
	defer s.lockedClose()
	r, w := bufio.NewReader(s.server), bufio.NewWriter(s.client)
	for {
		h, err := readHeader(r)
		if err != nil {
			// Not an error to anybody: what the server said last, and all of a
			// cancel request's answer, is that it closed the connection.
			_ = w.Flush()
			return
		}
		s.proxy.pass()
		if !s.keepBack() {
			s.lockedClose()
		}
		pass, last := s.answer(h.kind)
		if pass {
			err = forward(w, r, h)
		} else {
			_, err = io.CopyN(io.Discard, r, int64(h.size))
		}
		if last {
			_ = w.Flush()
			s.lockedClose()
		}
		if err != nil || last {
			break
		}
	}
	s.lockedClose()
	_, _ = io.Copy(io.Discard, r)
}

// answer decides about a message from the server: whether the client gets it,
// and whether the network fails behind it.
func (s *session) answer(kind byte) (pass, last bool) {
	s.proxy.mu.Lock()
	defer s.proxy.mu.Unlock()
	if s.closed {
		return false, true
	}
	muted := s.failing && s.mute && s.answers == s.last-1
	switch kind {
	case msgReady:
		s.answers++
		s.copying = false
		s.proxy.roundTrips++
		return !muted, s.failing && s.answers >= s.last
	case msgAuthentication, msgCopyIn:
		return true, false // the request isn't complete before the client reacts
	case msgCopyBoth:
		return !muted, muted // streaming replication has begun; more of an answer won't come
	default:
		// Before the request is complete the client may wait for what it flushed.
		return !muted || s.open, false
	}
}
