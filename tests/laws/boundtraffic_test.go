package laws_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// boundToParent ties objects to the table of pgtest.Writers: triggers that
// count what happens, that change the row before and once more after it was
// written, with names before and after repave's own; views upon views, a bound
// function, policies.
const boundToParent = `
CREATE TABLE counted (id bigserial PRIMARY KEY, op text, parent_id bigint);
CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS
	$$BEGIN INSERT INTO counted (op, parent_id) VALUES (TG_OP, coalesce(NEW.id, OLD.id)); RETURN NULL; END$$;
CREATE FUNCTION pad_it() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.pad := 'before'; RETURN NEW; END$$;
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS
	$$BEGIN UPDATE parent SET pad = TG_ARGV[0] WHERE id = NEW.id AND pad = 'before'; RETURN NULL; END$$;
CREATE TRIGGER zz_count AFTER INSERT OR DELETE ON parent FOR EACH ROW EXECUTE FUNCTION count_it();
CREATE TRIGGER aa_pad BEFORE INSERT ON parent FOR EACH ROW EXECUTE FUNCTION pad_it();
CREATE TRIGGER zz_again AFTER INSERT ON parent FOR EACH ROW EXECUTE FUNCTION again('after');
CREATE CONSTRAINT TRIGGER aa_late AFTER UPDATE OF n ON parent DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.n % 7 = 0) EXECUTE FUNCTION count_it();
CREATE VIEW v AS SELECT id, tag, owner, n FROM parent;
CREATE VIEW vv AS SELECT v.owner, count(*) AS rows, max(v.id) AS top FROM v LEFT JOIN child_null c ON c.parent_id = v.id GROUP BY v.owner;
CREATE VIEW same AS SELECT tag, n FROM parent WHERE owner = 0;
CREATE FUNCTION bound() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM parent WHERE owner = 0; END;
CREATE FUNCTION tag_of(p parent) RETURNS text LANGUAGE sql AS 'SELECT p.tag';
CREATE POLICY own ON parent FOR SELECT TO pg_monitor USING (owner = 0);
ALTER TABLE parent ENABLE ROW LEVEL SECURITY; GRANT SELECT ON parent TO pg_monitor;
`

// reads are what readers do at every moment; each must return what it always does.
var reads = []struct{ sql, want string }{
	{`SELECT count(*)::text FROM v WHERE owner = 0`, "3000"},
	{`SELECT rows::text FROM vv WHERE owner = 0`, "3000"},
	{`SELECT count(*)::text FROM same`, "3000"},
	{`SELECT bound()::text`, "3000"},
	{`SELECT tag_of(p) FROM parent p WHERE id = -7`, "base-7"},
	{`SELECT (SELECT n FROM v WHERE id = -8)::text || (SELECT pad = 'before' OR pad = 'after' FROM parent WHERE id = -8)::text`, "8true"},
	{`SET LOCAL ROLE pg_monitor; SELECT count(*)::text FROM parent`, "3000"},
}

// thinkTime is what a reader pauses between two transactions.
const thinkTime = 3 * time.Millisecond

// TestLaw1And2WhatIsBoundUnderTraffic runs a job there, back and there again
// while writers fire triggers and readers read views: nothing fails, no trigger
// is missed or fires twice, no reader sees anything but the whole table.
func TestLaw1And2WhatIsBoundUnderTraffic(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	for _, sql := range []string{pgtest.WritersTable, boundToParent, `INSERT INTO parent SELECT -g, 'base-' || g, 0, g FROM generate_series(1, 3000) g`} {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	before := pgtest.CatalogSnapshot(t, conn)
	env := newEnv(t, dsn)
	env.Options.BatchTime = 20 * time.Millisecond
	_, seed := newRand(t)
	writers := pgtest.StartWriters(t, dsn, seed, 2, pgtest.Levels)
	readCtx, stopReading := context.WithCancel(t.Context())
	defer stopReading()
	readers, readCtx := errgroup.WithContext(readCtx)
	for i := range 2 {
		reader := pgtest.Connect(t, dsn)
		readers.Go(func() error { return readAll(readCtx, reader, i) })
	}
	writers.Await(t, 20)
	req := request(t, conn, "parent", func(s *registry.Spec) {
		s.Tables[0].Change.PKBigint = true
		s.Tables[0].Change.Alter = []string{"RENAME n TO amount", "ADD since timestamptz DEFAULT now()", "RENAME amount TO n"}
	})
	job := runTo(t, env, req, stages.Swap)
	writers.Await(t, 30)
	_, err := stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	writers.Await(t, 30)
	job = runTo(t, env, req, stages.Swap)
	writers.Await(t, 30)
	job, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	writers.Await(t, 10)
	stopReading()
	require.NoError(t, readers.Wait())
	writers.Stop(t, conn)
	require.Equal(t, pgtest.Count(t, conn, `SELECT count(*) FROM parent`), pgtest.Count(t, conn,
		`SELECT (count(*) FILTER (WHERE op = 'INSERT') - count(*) FILTER (WHERE op = 'DELETE'))::int FROM counted`), "every trigger fired once")
	require.Zero(t, pgtest.Count(t, conn, `SELECT count(*) FROM parent WHERE pad = 'before'`))
	after := pgtest.CatalogSnapshot(t, conn)
	for _, sequence := range []string{"counted_id_seq", "child_cascade_id_seq", "child_null_id_seq", "child_strict_id_seq"} {
		delete(before, "sequence public."+sequence+": last value")
		delete(after, "sequence public."+sequence+": last value")
	}
	pgtest.RequireSameCatalog(t, before, after)
	requireNoTraces(t, conn)
}

// readAll reads until ctx ends, one thing in a transaction, as most
// applications do, and pauses between them.
func readAll(ctx context.Context, conn *pgx.Conn, from int) error {
	for i := from; ctx.Err() == nil; i++ {
		err := pgx.BeginFunc(context.WithoutCancel(ctx), conn, func(tx pgx.Tx) error {
			return readOne(context.WithoutCancel(ctx), tx, i%len(reads))
		})
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(thinkTime):
		}
	}
	return nil
}

func readOne(ctx context.Context, tx pgx.Tx, which int) error {
	read := reads[which]
	sql := read.sql
	if role, rest, ok := strings.Cut(sql, "; "); ok {
		if _, err := tx.Exec(ctx, role); err != nil {
			return fmt.Errorf("%s: %w", role, err)
		}
		sql = rest
	}
	var got string
	if err := tx.QueryRow(ctx, sql, pgx.QueryExecModeSimpleProtocol).Scan(&got); err != nil {
		return fmt.Errorf("%s: %w", read.sql, err)
	}
	if got != read.want {
		return fmt.Errorf("%s: got %s, want %s", read.sql, got, read.want)
	}
	_, err := tx.Exec(ctx, "RESET ROLE")
	return err
}
