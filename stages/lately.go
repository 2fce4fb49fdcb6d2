package stages

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"log/slog"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/compare"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// maxLately is how many keys that changed since they were last compared are kept in memory, and compared behind the fence: what both
// sides can compare within a fraction of a second, as writes are refused meanwhile.
const maxLately = 20_000

// lately remembers keys that were applied since a snapshot in which all rows were the same on both sides: as many as
// there is room for in memory, all others in a temporary table on the target, which is gone with us: who comes
// after us verifies again. nil remembers nothing.
type lately struct {
	env      *Env
	findable map[int]bool // by number of the table

	mu     sync.Mutex
	keys   map[[sha256.Size]byte]sqltmpl.ChangedKey
	stored int64 // keys in the table
	missed int64 // changes to keys that both sides don't know by the same text
	lost   bool  // keys that should be in the table may not be there
	conn   *pgx.Conn
}

func newLately(env *Env, job registry.Job) *lately {
	l := &lately{env: env, findable: map[int]bool{}, keys: map[[sha256.Size]byte]sqltmpl.ChangedKey{}}
	for _, t := range job.Tables {
		l.findable[t.Number] = compare.Findable(t.Blueprint)
	}
	return l
}

// add remembers a key. It may wait for the target.
func (l *lately) add(ctx context.Context, m *logical.Mapping, key []logical.Value) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.findable[m.Number] {
		l.missed++
		return
	}
	name := binary.BigEndian.AppendUint64(nil, uint64(m.Number)) //nolint:gosec // tables are counted from 1
	for _, v := range key {
		name = append(append(name, v.Text...), 0) // no text has such a byte
	}
	id := sha256.Sum256(name)
	if _, known := l.keys[id]; known {
		return
	}
	if len(l.keys) >= maxLately {
		l.store(ctx)
	}
	l.keys[id] = sqltmpl.ChangedKey{ID: id[:], TableNumber: m.Number, Key: name[8:]}
}

// store makes room in memory.
func (l *lately) store(ctx context.Context) {
	batch := sqltmpl.AddChanged{}
	for _, k := range l.keys {
		batch.Keys = append(batch.Keys, k)
	}
	clear(l.keys)
	n, err := l.put(ctx, batch)
	if err != nil {
		l.lost = true
		l.env.Logger.DebugContext(ctx, "remembering keys that changed", slog.Any("error", err))
	}
	l.stored += n
}

// errForgotten says that something that was to be remembered is lost.
var errForgotten = &StateError{
	Problem: "it is not known any more what has changed since verify: the session on the target that kept it was lost",
	Advice:  "run the same command again: it verifies once more",
}

// complete makes sure that all is there that was to be remembered; if not it is errForgotten.
func (l *lately) complete() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.lost {
		return nil
	}
	return errForgotten
}

func (l *lately) put(ctx context.Context, batch sqltmpl.AddChanged) (int64, error) {
	if l.conn == nil {
		conn, err := l.env.Target.Acquire(ctx)
		if err != nil {
			return 0, err
		}
		l.conn = conn.Hijack()
		if err := exec(ctx, l.conn, sqltmpl.CreateChanged{}.Statement()); err != nil {
			return 0, err
		}
	}
	return batch.Statement().Exec(ctx, l.conn)
}

// size is how many keys are remembered.
func (l *lately) size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stored + int64(len(l.keys))
}

// each calls look with all keys that are remembered, by table, no more than maxLately at a time. Nothing may be added meanwhile.
func (l *lately) each(ctx context.Context, look func(keys map[int][][]string) error) error {
	if err := look(l.recent()); err != nil || l.stored == 0 {
		return err
	}
	for after := []byte{}; ; {
		some, err := sqltmpl.All[sqltmpl.ChangedKey](ctx, l.conn, sqltmpl.ListChanged{After: after, Most: maxLately}.Statement())
		if err != nil && ctx.Err() == nil {
			l.env.Logger.DebugContext(ctx, "reading keys that changed", slog.Any("error", err))
			l.lost = true // with its session, which no other attempt gets back
			return l.complete()
		}
		if err != nil || len(some) == 0 {
			return err
		}
		keys := map[int][][]string{}
		for _, k := range some {
			keys[k.TableNumber] = append(keys[k.TableNumber], columnsOf(k))
		}
		if err := look(keys); err != nil {
			return err
		}
		after = some[len(some)-1].ID
	}
}

// recent are the keys in memory.
func (l *lately) recent() map[int][][]string {
	keys := map[int][][]string{}
	for _, k := range l.keys {
		keys[k.TableNumber] = append(keys[k.TableNumber], columnsOf(k))
	}
	return keys
}

func columnsOf(k sqltmpl.ChangedKey) []string {
	return strings.Split(string(bytes.TrimSuffix(k.Key, []byte{0})), "\x00")
}

// forget ends the session with the table. nil has none.
func (l *lately) forget(ctx context.Context) {
	if l == nil || l.conn == nil {
		return
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	_ = l.conn.Close(ctx) // the server ends the session all the same
	l.conn = nil
}
