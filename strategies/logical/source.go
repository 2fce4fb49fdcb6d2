package logical

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
)

// A source is an ordinary session on the cluster that a stream comes from: what
// the stream itself tells of the end of the WAL is only how far it was decoded.
type source struct {
	mu   sync.Mutex
	conn *pgx.Conn
}

func openSource(ctx context.Context, o StreamOptions) (*source, error) {
	cfg := o.Config.Copy()
	session(cfg, o.Settings)
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("opening a session beside the stream: %w", err)
	}
	return &source{conn: conn}, nil
}

// walEnd returns the end of the cluster's WAL.
func (s *source) walEnd(ctx context.Context) (pglogrepl.LSN, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	type row struct {
		Position string
		Now      time.Time
	}
	r, err := sqltmpl.One[row](ctx, s.conn, sqltmpl.WALEnd{}.Statement())
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("asking for the end of the WAL: %w", err)
	}
	at, err := pglogrepl.ParseLSN(r.Position)
	return at, r.Now, err
}

// typeNames returns what types are called.
func (s *source) typeNames(ctx context.Context, names sqltmpl.TypeNames) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	types, err := sqltmpl.Scalars[string](ctx, s.conn, names.Statement())
	if err == nil && len(types) != len(names.OIDs) {
		err = fmt.Errorf("asked for %d types, got %d", len(names.OIDs), len(types))
	}
	return types, err
}

func (s *source) close(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn.Close(context.WithoutCancel(ctx))
}
