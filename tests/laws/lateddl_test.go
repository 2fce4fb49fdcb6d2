package laws_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/db"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// A lastMoment does something once a session has read the definitions, in the
// moment in which it asks for its first lock.
type lastMoment struct {
	mu   sync.Mutex
	do   func()
	read map[*pgx.Conn]bool
}

// set arms it.
func (l *lastMoment) set(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.do, l.read = do, map[*pgx.Conn]bool{}
}

// pending reports whether it has not been done.
func (l *lastMoment) pending() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.do != nil
}

func (l *lastMoment) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.do == nil:
	case strings.Contains(data.SQL, "-- catalog/load_relations.sql"):
		l.read[conn] = true
	case l.read[conn] && strings.Contains(data.SQL, "-- session/lock_table.sql"):
		l.do()
		l.do = nil
	}
	return ctx
}

func (*lastMoment) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// at makes an Env's sessions come to a moment.
func at(t *testing.T, env *stages.Env, dsn string, moment *lastMoment) {
	t.Helper()
	cfg, err := db.Config(dsn, "repave test")
	require.NoError(t, err)
	cfg.ConnConfig.Tracer = moment
	pool, err := db.Open(t.Context(), cfg, 8, env.Operator.Conversions)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	env.Source, env.Target = pool, pool
}

// A late change, and what takes it back.
type late struct{ do, undo string }

// lateTable has something of everything that a definition tells.
const lateTable = `
	CREATE SCHEMA aside; CREATE DOMAIN short AS text; CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE COLLATION plain (locale = 'C');
	CREATE FUNCTION fits(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1 > 0';
	CREATE FUNCTION again(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1 || $1';
	CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other SELECT generate_series(0, 9);
	CREATE TABLE t (id serial PRIMARY KEY, a int NOT NULL DEFAULT 7 REFERENCES other, b text COLLATE plain, c short DEFAULT again('c'), m mood,
		CONSTRAINT fits CHECK (fits(a + 1)));
	ALTER TABLE t ADD CONSTRAINT late CHECK (a < 100) NOT VALID;
	CREATE UNIQUE INDEX t_b ON t (again(b)); CREATE INDEX t_a ON t (a, id) WHERE a > 5; CREATE SEQUENCE free OWNED BY t.a;
	CREATE TABLE child (id int REFERENCES t); COMMENT ON COLUMN t.b IS 'b';
	INSERT INTO t (a, b, m) SELECT g % 10, 'b' || g, 'good' FROM generate_series(1, 100) g;`

// lateChanges are all kinds of changes that a definition tells, but for other names of the tables, which the locks tell.
var lateChanges = []late{
	{`ALTER TABLE t RENAME b TO bb`, `ALTER TABLE t RENAME bb TO b`},
	{`ALTER TABLE t ALTER a SET DEFAULT 8`, `ALTER TABLE t ALTER a SET DEFAULT 7`},
	{`ALTER TABLE t ALTER b SET DEFAULT 'x'`, `ALTER TABLE t ALTER b DROP DEFAULT`},
	{`ALTER TABLE t ALTER a DROP NOT NULL`, `ALTER TABLE t ALTER a SET NOT NULL`},
	{`ALTER TABLE t ALTER b SET STATISTICS 7`, `ALTER TABLE t ALTER b SET STATISTICS -1`},
	{`ALTER TABLE t ALTER b SET STORAGE EXTERNAL`, `ALTER TABLE t ALTER b SET STORAGE EXTENDED`},
	{`ALTER TABLE t ALTER b SET COMPRESSION pglz`, `ALTER TABLE t ALTER b SET COMPRESSION default`},
	{`ALTER TABLE t ALTER b SET (n_distinct = 5)`, `ALTER TABLE t ALTER b RESET (n_distinct)`},
	{`ALTER TABLE t ALTER b TYPE varchar COLLATE plain`, `ALTER TABLE t ALTER b TYPE text COLLATE plain`},
	{`ALTER TABLE t SET (fillfactor = 50)`, `ALTER TABLE t RESET (fillfactor)`},
	{`ALTER TABLE t SET (toast.autovacuum_enabled = off)`, `ALTER TABLE t RESET (toast.autovacuum_enabled)`},
	{`ALTER TABLE t OWNER TO pg_monitor`, `ALTER TABLE t OWNER TO CURRENT_USER`},
	{`GRANT SELECT ON t TO pg_monitor`, `REVOKE SELECT ON t FROM pg_monitor`},
	{`GRANT UPDATE (b) ON t TO PUBLIC`, `REVOKE UPDATE (b) ON t FROM PUBLIC`},
	{`GRANT USAGE ON SEQUENCE t_id_seq TO PUBLIC`, `REVOKE USAGE ON SEQUENCE t_id_seq FROM PUBLIC`},
	{`ALTER SEQUENCE t_id_seq INCREMENT 5`, `ALTER SEQUENCE t_id_seq INCREMENT 1`},
	{`ALTER SEQUENCE t_id_seq RENAME TO renamed`, `ALTER SEQUENCE renamed RENAME TO t_id_seq`},
	{`ALTER SEQUENCE free OWNED BY NONE`, `ALTER SEQUENCE free OWNED BY t.a`},
	{`COMMENT ON SEQUENCE free IS 'free'`, `COMMENT ON SEQUENCE free IS NULL`},
	{`COMMENT ON TABLE t IS 't'`, `COMMENT ON TABLE t IS NULL`},
	{`COMMENT ON COLUMN t.b IS 'other'`, `COMMENT ON COLUMN t.b IS 'b'`},
	{`COMMENT ON INDEX t_b IS 'i'`, `COMMENT ON INDEX t_b IS NULL`},
	{`COMMENT ON CONSTRAINT fits ON t IS 'k'`, `COMMENT ON CONSTRAINT fits ON t IS NULL`},
	{`CREATE INDEX more ON t (m)`, `DROP INDEX more`},
	{`DROP INDEX t_a`, `CREATE INDEX t_a ON t (a, id) WHERE a > 5`},
	{`ALTER INDEX t_a RENAME TO renamed`, `ALTER INDEX renamed RENAME TO t_a`},
	{`ALTER INDEX t_a SET (fillfactor = 60)`, `ALTER INDEX t_a RESET (fillfactor)`},
	{`ALTER INDEX t_b ALTER COLUMN 1 SET STATISTICS 50`, `ALTER INDEX t_b ALTER COLUMN 1 SET STATISTICS -1`},
	{`ALTER TABLE t CLUSTER ON t_b`, `ALTER TABLE t SET WITHOUT CLUSTER`},
	{`ALTER TABLE t ADD CONSTRAINT more CHECK (a < 99)`, `ALTER TABLE t DROP CONSTRAINT more`},
	{`ALTER TABLE t RENAME CONSTRAINT fits TO fit`, `ALTER TABLE t RENAME CONSTRAINT fit TO fits`},
	{`ALTER TABLE t VALIDATE CONSTRAINT late`, `ALTER TABLE t DROP CONSTRAINT late, ADD CONSTRAINT late CHECK (a < 100) NOT VALID`},
	{`ALTER TABLE t ALTER CONSTRAINT t_a_fkey DEFERRABLE`, `ALTER TABLE t ALTER CONSTRAINT t_a_fkey NOT DEFERRABLE`},
	{`ALTER TABLE t DROP CONSTRAINT t_a_fkey`, `ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES other`},
	{`ALTER TABLE other RENAME id TO other_id`, `ALTER TABLE other RENAME other_id TO id`},
	{`ALTER TABLE child RENAME CONSTRAINT child_id_fkey TO renamed`, `ALTER TABLE child RENAME CONSTRAINT renamed TO child_id_fkey`},
	{`CREATE TABLE more (id int REFERENCES t)`, `DROP TABLE more`},
	// Not the table's own, but its definition tells them.
	{`ALTER FUNCTION fits(int) RENAME TO fit`, `ALTER FUNCTION fit(int) RENAME TO fits`},
	{`ALTER FUNCTION again(text) SET SCHEMA aside`, `ALTER FUNCTION aside.again(text) SET SCHEMA public`},
	{`ALTER TYPE mood RENAME TO moods`, `ALTER TYPE moods RENAME TO mood`},
	{`ALTER DOMAIN short SET SCHEMA aside`, `ALTER DOMAIN aside.short SET SCHEMA public`},
	{`ALTER COLLATION plain RENAME TO plainer`, `ALTER COLLATION plainer RENAME TO plain`},
	{`CREATE TABLE more (t t)`, `DROP TABLE more`},
	{`CREATE DOMAIN more AS t[]`, `DROP DOMAIN more`},
	{`CREATE TABLE more () INHERITS (t)`, `DROP TABLE more`},
	{`CREATE PUBLICATION more FOR ALL TABLES`, `DROP PUBLICATION more`},
	{`ALTER EXTENSION plpgsql ADD TABLE t`, `ALTER EXTENSION plpgsql DROP TABLE t`},
}

// latePartitions are changes to a partition of a partitioned table.
var latePartitions = []late{
	{`ALTER TABLE p_1 ALTER b SET STATISTICS 7`, `ALTER TABLE p_1 ALTER b SET STATISTICS -1`},
	{`CREATE INDEX more ON p_1 (b)`, `DROP INDEX more`},
	{`COMMENT ON INDEX p_2_pkey IS 'i'`, `COMMENT ON INDEX p_2_pkey IS NULL`},
	{`GRANT SELECT ON p_2 TO PUBLIC`, `REVOKE SELECT ON p_2 FROM PUBLIC`},
	{`ALTER TABLE p_1 SET (fillfactor = 50)`, `ALTER TABLE p_1 RESET (fillfactor)`},
	{`CREATE TABLE p_3 PARTITION OF t FOR VALUES IN (3)`, `DROP TABLE p_3`},
	{`ALTER TABLE t DETACH PARTITION p_2`, `ALTER TABLE t ATTACH PARTITION p_2 FOR VALUES IN (2)`},
	{`CREATE TABLE more (id int, a int, FOREIGN KEY (id, a) REFERENCES p_1)`, `DROP TABLE more`},
}

// TestLaw9ChangesInTheLastMoment: the swap compares all definitions before it
// has its locks. Whatever changes after that and before it has them is noticed, too: nothing is swapped.
func TestLaw9ChangesInTheLastMoment(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		create  string
		changes []late
	}{
		"table": {lateTable, lateChanges},
		"partitions": {`CREATE TABLE t (id int, a int, b text, PRIMARY KEY (id, a)) PARTITION BY LIST (a);
			CREATE TABLE p_1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE p_2 PARTITION OF t FOR VALUES IN (2);
			INSERT INTO t SELECT g, 1 + g % 2, 'b' FROM generate_series(1, 100) g`, latePartitions},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn)
			_, err := conn.Exec(t.Context(), test.create)
			require.NoError(t, err)
			env, moment := newEnv(t, dsn), &lastMoment{}
			req := request(t, conn, "t", nil)
			runTo(t, env, req, stages.Verify)
			at(t, env, dsn, moment)
			for _, change := range test.changes {
				var failed error
				moment.set(func() { _, failed = conn.Exec(t.Context(), change.do) })
				_, err := stages.Run(t.Context(), env, req, stages.Swap)
				require.NoError(t, failed, change.do)
				require.False(t, moment.pending(), "%s: the swap had no lock: %v", change.do, err)
				changed := new(stages.ChangedError)
				require.ErrorAs(t, err, &changed, change.do)
				require.NotEmpty(t, changed.Differences, change.do)
				require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM repave.job WHERE NOT swapped`))
				_, err = conn.Exec(t.Context(), change.undo)
				require.NoError(t, err, change.undo)
			}
			runTo(t, env, req, stages.Cleanup) // as nothing is different any more
			requireNoTraces(t, conn)
		})
	}
}
