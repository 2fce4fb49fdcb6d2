package pgtest

import (
	"strings"
	"sync"
)

// A Catch stops one session at a request, so that something can be done at just
// that moment.
type Catch struct {
	// At is closed when the request is there.
	At <-chan struct{}

	texts    []string // to come one after the other in one session; the last is the request
	answered bool     // the server gets it, and it is the answer that is kept back
	at       chan struct{}
	once     sync.Once
	let      chan struct{}
	dropped  bool
}

// Catch stops the first session that sends texts, one after the other, parts of SQL as it is sent: the
// request with the last of them does not reach the server until Resume, and never after Drop.
func (p *Proxy) Catch(texts ...string) *Catch { return p.catch(false, texts) }

// CatchAnswer is Catch for the answer to that request: the server gets it, and has answered when
// At is closed.
func (p *Proxy) CatchAnswer(texts ...string) *Catch { return p.catch(true, texts) }

func (p *Proxy) catch(answered bool, texts []string) *Catch {
	at := make(chan struct{})
	c := &Catch{At: at, at: at, texts: texts, answered: answered, let: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.caught = c
	return c
}

// Resume lets the session go on. It may be called again.
func (c *Catch) Resume() { c.once.Do(func() { close(c.let) }) }

// Drop ends the session there.
func (c *Catch) Drop() {
	c.once.Do(func() {
		c.dropped = true
		close(c.let)
	})
}

// hold keeps the session until the catch lets go of it, and reports whether it
// may go on.
func (c *Catch) hold() bool {
	close(c.at)
	<-c.let
	return !c.dropped
}

// catches reports whether a request of s is the one that is waited for.
func (s *session) catches(body string) *Catch {
	s.proxy.mu.Lock()
	defer s.proxy.mu.Unlock()
	c := s.proxy.caught
	if c == nil {
		return nil
	}
	if s.catch != c {
		s.catch, s.matched = c, 0
	}
	if !strings.Contains(body, c.texts[s.matched]) {
		return nil
	}
	if s.matched++; s.matched < len(c.texts) {
		return nil
	}
	s.proxy.caught = nil
	return c
}

// Freeze makes packets vanish, of sessions that there are and of those to come:
// nothing goes through and nobody is told, until Thaw, Cut or Heal.
func (p *Proxy) Freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen == nil {
		p.frozen = make(chan struct{})
	}
}

// Thaw lets everything through that has been kept back.
func (p *Proxy) Thaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.thaw()
}

func (p *Proxy) thaw() {
	if p.frozen != nil {
		close(p.frozen)
		p.frozen = nil
	}
}

// pass waits while the network is frozen.
func (p *Proxy) pass() {
	for {
		p.mu.Lock()
		frozen := p.frozen
		p.mu.Unlock()
		if frozen == nil {
			return
		}
		<-frozen
	}
}
