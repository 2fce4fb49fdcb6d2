package logical

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/repave-pg/repave/sqltmpl"
)

const (
	// statusInterval is how often the server hears from us, whatever we are busy with: after
	// wal_sender_timeout without it ends the stream.
	statusInterval = time.Second
	// silence is how long the server may leave us without an answer before the network counts as
	// gone. It answers nobody while it sorts through a large transaction.
	silence = 5 * time.Minute
	// closeTimeout bounds the good-bye of a stream.
	closeTimeout = 5 * time.Second
)

// StreamOptions say what to read and from where on.
type StreamOptions struct {
	Config      *pgx.ConnConfig
	Settings    map[string]string // the job's conversion settings
	Slot        string
	Publication string
	From        pglogrepl.LSN // what has been applied; 0: where the slot is
	Mappings    []Mapping
	// SkipUnknown: changes of tables that there is no Mapping for are left out.
	SkipUnknown bool
}

// A Stream reads changes of one cluster, in the order of their commits. Its
// slot is in use, and keeps WAL from what was confirmed on, until Close.
type Stream struct {
	o         StreamOptions
	conn      *pgconn.PgConn
	reader    *calmReader // of conn
	source    *source
	mappings  map[uint32]*Mapping
	relations map[uint32]*relation

	// What was read last; one goroutine reads at a time.
	change     Change
	rows       rows
	old        []Value
	inside     bool // a transaction, that commits at commitAt
	skip       bool // it has been applied before
	commitAt   pglogrepl.LSN
	commitTime time.Time
	received   pglogrepl.LSN // everything that ended before has been read
	timedOut   bool
	reply      bool      // the server wants to hear from us
	asked      time.Time // since when it owes us an answer; zero: it does not

	gathered *gatherer // what an Applier has read but not applied
	broken   error     // why it can't be followed any more

	confirmed atomic.Uint64
	stopped   atomic.Bool // reading shall stop
	sending   sync.Mutex
	end       context.CancelFunc
	ended     chan struct{}
}

// Open begins to stream. The slot must exist, and nobody else read from it. It
// blocks nothing on the source.
func Open(ctx context.Context, o StreamOptions) (*Stream, error) {
	s := &Stream{
		o: o, mappings: map[uint32]*Mapping{}, relations: map[uint32]*relation{}, received: o.From, ended: make(chan struct{}),
	}
	for i := range o.Mappings {
		s.mappings[o.Mappings[i].FromOID] = &o.Mappings[i]
	}
	var err error
	if s.source, err = openSource(ctx, o); err != nil {
		return nil, err
	}
	cfg := o.Config.Copy()
	cfg.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		s.reader = newCalmReader(r) // of the last server that is tried, which is the one we get
		return pgproto3.NewFrontend(s.reader, w)
	}
	if s.conn, err = Connect(ctx, cfg, o.Settings); err != nil {
		return nil, errors.Join(err, s.source.close(ctx))
	}
	publication := sqltmpl.Ident(o.Publication).String()
	err = pglogrepl.StartReplication(ctx, s.conn, sqltmpl.Ident(o.Slot).String(), o.From, pglogrepl.StartReplicationOptions{
		PluginArgs: []string{
			"proto_version '1'", "messages 'true'",
			"publication_names '" + strings.ReplaceAll(publication, "'", "''") + "'",
		},
	})
	if err != nil {
		err = fmt.Errorf("reading from slot %s: %w", o.Slot, err)
		return nil, errors.Join(err, s.conn.Close(context.WithoutCancel(ctx)), s.source.close(ctx))
	}
	s.confirmed.Store(uint64(o.From))
	s.reader.calm(s.conn.Conn(), s.stopped.Load)
	keeping, end := context.WithCancel(context.WithoutCancel(ctx))
	s.end = end
	go s.keepUp(keeping)
	return s, nil
}

// keepUp tells the server every now and then that we are there.
func (s *Stream) keepUp(ctx context.Context) {
	defer close(s.ended)
	ticker := time.NewTicker(statusInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if s.status(ctx, false) != nil {
				return // whoever reads gets to know
			}
		}
	}
}

// status tells the server what is confirmed, and may ask it how far it is.
func (s *Stream) status(ctx context.Context, ask bool) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	at := pglogrepl.LSN(s.confirmed.Load())
	return pglogrepl.SendStandbyStatusUpdate(ctx, s.conn, pglogrepl.StandbyStatusUpdate{WALWritePosition: at, ReplyRequested: ask})
}

// confirm lets the server forget what ended before a position.
func (s *Stream) confirm(at pglogrepl.LSN) {
	if uint64(at) > s.confirmed.Load() {
		s.confirmed.Store(uint64(at))
	}
}

// Close tells the server what is confirmed and ends the stream, which frees
// the slot for others. It may run twice.
func (s *Stream) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	s.end()
	<-s.ended
	if !s.conn.IsClosed() {
		_ = s.status(ctx, false) // if it gets lost the server only keeps more WAL
	}
	// Of no interest: the session ends either way, and what counts has been committed.
	_ = s.conn.Close(ctx)
	return s.source.close(ctx)
}

// what tells what next has read.
type what int

const (
	nothing   what = iota // in time
	begin                 // of a transaction that commits at commitAt
	change                // in s.change
	keepalive             // received has moved on, perhaps
)

// next reads until there is something to tell or the time is up. No message is
// lost by that.
func (s *Stream) next(ctx context.Context, until time.Time) (what, error) {
	for {
		if s.timedOut || s.conn.Frontend().ReadBufferLen() == 0 {
			s.timedOut, s.reader.until = false, until
		}
		message, err := s.conn.ReceiveMessage(context.Background()) //nolint:contextcheck // the deadline is what ends it
		if err != nil {
			var netErr net.Error
			if errors.As(err, &netErr) && netErr.Timeout() {
				s.timedOut = true
				return nothing, nil
			}
			return nothing, fmt.Errorf("reading changes: %w", err)
		}
		s.asked = time.Time{}
		got, err := s.message(ctx, message)
		if got != nothing || err != nil {
			return got, err
		}
	}
}

// ask asks the server how far it is, which it answers with a keepalive.
func (s *Stream) ask(ctx context.Context) error {
	switch now := time.Now(); {
	case s.asked.IsZero():
		s.asked = now
	case now.Sub(s.asked) > silence:
		return fmt.Errorf("reading changes: nothing was heard for %s: %w", silence, os.ErrDeadlineExceeded)
	}
	if err := s.status(ctx, true); err != nil {
		return fmt.Errorf("reading changes: %w", err)
	}
	return nil
}

// interrupt makes next return soon.
func (s *Stream) interrupt() {
	s.stopped.Store(true)
	_ = s.conn.Conn().SetReadDeadline(time.Unix(1, 0)) // fails only if it is closed, which ends reading too
}

// message takes one message of the replication protocol.
func (s *Stream) message(ctx context.Context, message pgproto3.BackendMessage) (what, error) {
	switch m := message.(type) {
	case *pgproto3.CopyData:
		return s.copyData(ctx, m.Data)
	case *pgproto3.ErrorResponse:
		return nothing, fmt.Errorf("reading changes: %w", pgconn.ErrorResponseToPgError(m))
	case *pgproto3.CopyDone, *pgproto3.CommandComplete, *pgproto3.ReadyForQuery:
		return nothing, fmt.Errorf("reading changes: the server has ended the stream: %w", net.ErrClosed)
	default:
		return nothing, nil // notices and parameters
	}
}

func (s *Stream) copyData(ctx context.Context, data []byte) (what, error) {
	if len(data) == 0 {
		return nothing, nil
	}
	switch data[0] {
	case pglogrepl.XLogDataByteID:
		xlog, err := pglogrepl.ParseXLogData(data[1:])
		if err != nil {
			return nothing, err
		}
		return s.take(ctx, xlog.WALData)
	case pglogrepl.PrimaryKeepaliveMessageByteID:
		alive, err := pglogrepl.ParsePrimaryKeepaliveMessage(data[1:])
		if err != nil {
			return nothing, err
		}
		s.reply = s.reply || alive.ReplyRequested
		if !s.inside {
			s.received = max(s.received, alive.ServerWALEnd)
		}
		return keepalive, nil
	default:
		return nothing, nil
	}
}
