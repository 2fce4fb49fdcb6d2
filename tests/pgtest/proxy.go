package pgtest

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// lingerTimeout is how long the proxy waits for the server to end a session
// whose client is gone.
const lingerTimeout = 15 * time.Second

// A Proxy is a network between clients and a server that fails when told to.
// A request is what a client sends up to the point where it waits for the
// server: opening a session, a simple query with the data of its COPY, or
// everything up to a Sync.
type Proxy struct {
	DSN string // the server's, through the proxy

	network, address string // of the server
	listener         *net.TCPListener
	running          sync.WaitGroup // sessions whose server side is still open

	mu         sync.Mutex
	sessions   map[*session]struct{}
	roundTrips int
	armed      bool // fail after left more requests
	left       int
	loseAck    bool
	fired      bool
	down       bool // nothing goes in any more
	single     bool // the failure is one connection's alone
	caught     *Catch
	frozen     chan struct{} // closed when the network is none the worse again; nil if it is not frozen
}

// NewProxy puts a proxy in front of the server that dsn points to. It ends with
// the test.
func NewProxy(tb testing.TB, dsn string) *Proxy {
	tb.Helper()

	config, err := pgx.ParseConfig(dsn)
	require.NoError(tb, err)
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(tb, err)
	addr, ok := listener.Addr().(*net.TCPAddr)
	require.True(tb, ok)
	p := &Proxy{listener: listener, sessions: map[*session]struct{}{}}
	p.network, p.address = pgconn.NetworkAddress(config.Host, config.Port)
	p.DSN, err = withAddress(dsn, addr)
	require.NoError(tb, err)

	accepting := make(chan struct{})
	go func() {
		defer close(accepting)
		p.accept()
	}()
	tb.Cleanup(func() {
		require.NoError(tb, p.listener.Close())
		<-accepting
		p.Cut()
		p.running.Wait()
	})
	return p
}

// CutAfter makes the network fail at the (n+1)th request from now on, counted
// over all connections. With loseAck the request still reaches the server, and
// the network fails once the server has answered; nobody gets the answer.
// Without, the server never sees it. All connections are lost, and new ones
// are refused until Heal.
func (p *Proxy) CutAfter(n int, loseAck bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed, p.left, p.loseAck, p.fired, p.single = true, n, loseAck, false, false
}

// CutOneAfter is CutAfter for the connection alone that makes that request: the
// others stay, and new ones are let in.
func (p *Proxy) CutOneAfter(n int, loseAck bool) {
	p.CutAfter(n, loseAck)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.single = true
}

// Cut makes the network fail now.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed, p.down, p.fired = false, true, true
	p.thaw()
	for s := range p.sessions {
		s.close()
	}
}

// Fired reports whether the failure has happened.
func (p *Proxy) Fired() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fired
}

// RoundTrips returns how many requests the server has answered so far, over all
// connections. Opening one counts.
func (p *Proxy) RoundTrips() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.roundTrips
}

// Heal lets connections in again. It first waits until the server has ended
// the sessions that were lost and let go of their locks, though not for
// long if one of them is busy.
func (p *Proxy) Heal() {
	if p.disarm() {
		p.running.Wait()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = false
}

// disarm calls off a failure to come and reports whether one has happened.
func (p *Proxy) disarm() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = false
	p.thaw()
	return p.down
}

// accept serves clients until the listener is closed.
func (p *Proxy) accept() {
	for {
		client, err := p.listener.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			p.serve(client)
		}
	}
}

// serve connects a client to the server, unless the network is down.
func (p *Proxy) serve(client *net.TCPConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		_ = client.Close()
		return
	}
	server, err := net.Dial(p.network, p.address)
	if err != nil {
		_ = client.Close() // what a client sees of a dead server
		return
	}
	s := newSession(p, client, server)
	p.sessions[s] = struct{}{}
	p.running.Add(1)
	go s.fromClient()
	go func() {
		defer p.running.Done()
		s.fromServer()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.sessions, s)
	}()
}

// admit decides about a new request of s, with p.mu held: whether it may go to
// the server.
func (p *Proxy) admit(s *session) bool {
	switch {
	case p.down, s.failing:
		return false // whichever session this is: its last request was let in before
	case !p.armed:
	case p.left > 0:
		p.left--
	default:
		p.fire(s)
		return p.loseAck
	}
	s.requests++
	return true
}

// fire begins the failure at a new request of s. What s was asked before is
// still answered; so is, unheard, the new request if only its answer shall be
// lost.
func (p *Proxy) fire(s *session) {
	p.armed, p.fired, p.down = false, true, !p.single
	for other := range p.sessions {
		if other != s && p.down {
			other.close()
		}
	}
	s.last = s.requests
	if p.loseAck {
		s.requests++
		s.last++
	}
	s.failing, s.mute = true, p.loseAck
	if s.answers >= s.last {
		s.close()
	}
}
