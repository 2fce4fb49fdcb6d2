package pgtest

import (
	"bufio"
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
		if !s.maySend(h.kind) {
			// What was let in before must reach the server all the same.
			_ = w.Flush()
			return
		}
		err = forward(w, r, h)
	}
	s.leave()
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
