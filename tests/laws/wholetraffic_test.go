package laws_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// Shapes make a partitioned table of the one that pgtest.Writers write to.
const (
	withoutChildKeys = `;ALTER TABLE child_cascade DROP CONSTRAINT child_cascade_parent_id_fkey;
		ALTER TABLE child_null DROP CONSTRAINT child_null_parent_id_fkey; ALTER TABLE child_strict DROP CONSTRAINT child_strict_parent_id_fkey;
		DROP TABLE parent;`
	// Every update moves the row, or its key at least.
	movingShape = withoutChildKeys + `
		CREATE TABLE parent (id int, tag text NOT NULL, owner int NOT NULL, n int NOT NULL DEFAULT 0, pad text, PRIMARY KEY (id, n)) PARTITION BY RANGE (n);
		CREATE TABLE parent_a PARTITION OF parent FOR VALUES FROM (MINVALUE) TO (1);
		CREATE TABLE parent_b PARTITION OF parent FOR VALUES FROM (1) TO (3);
		CREATE TABLE parent_c PARTITION OF parent FOR VALUES FROM (3) TO (1000) PARTITION BY HASH (id);
		CREATE TABLE parent_c0 (pad text, owner int NOT NULL, n int NOT NULL, id int NOT NULL, tag text NOT NULL UNIQUE);
		ALTER TABLE parent_c ATTACH PARTITION parent_c0 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
		CREATE TABLE parent_c1 PARTITION OF parent_c FOR VALUES WITH (MODULUS 2, REMAINDER 1);
		CREATE TABLE parent_d PARTITION OF parent DEFAULT;
		ALTER TABLE parent_c1 ALTER pad SET DEFAULT 'p', ADD CHECK (n > 2);
		CREATE INDEX ON parent (tag);`
	// Keys are unique, and change places with their partitions.
	hashedShape = withoutChildKeys + `
		CREATE TABLE parent (id int PRIMARY KEY, tag text NOT NULL, owner int NOT NULL, n int NOT NULL DEFAULT 0, pad text) PARTITION BY HASH (id);
		CREATE TABLE parent_a PARTITION OF parent FOR VALUES WITH (MODULUS 3, REMAINDER 0);
		CREATE TABLE parent_b PARTITION OF parent FOR VALUES WITH (MODULUS 3, REMAINDER 1);
		CREATE TABLE parent_c PARTITION OF parent FOR VALUES WITH (MODULUS 3, REMAINDER 2) PARTITION BY RANGE (id);
		CREATE TABLE parent_c0 PARTITION OF parent_c FOR VALUES FROM (MINVALUE) TO (-500);
		CREATE TABLE parent_c1 (n int NOT NULL DEFAULT 0, pad text, owner int NOT NULL, tag text NOT NULL, id int PRIMARY KEY);
		ALTER TABLE parent_c ATTACH PARTITION parent_c1 DEFAULT;
		CREATE STATISTICS parent_st ON tag, owner FROM parent_c1; CREATE VIEW parent_v AS SELECT * FROM parent_c1;
		CREATE UNIQUE INDEX ON parent_c1 (id, n); ALTER TABLE parent_c1 ADD CHECK (n >= -1);
		CREATE INDEX ON parent (tag);`
)

// TestLaw1And2And6WholeTreeUnderWriters rewrites a partitioned table there and
// back while writers at all isolation levels go on, through the table and
// through its partitions, and rows move between them.
func TestLaw1And2And6WholeTreeUnderWriters(t *testing.T) {
	t.Parallel()
	for name, shape := range map[string]string{"moving": movingShape, "hashed": hashedShape} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn)
			_, err := conn.Exec(t.Context(), pgtest.WritersTable+shape, pgx.QueryExecModeSimpleProtocol)
			require.NoError(t, err)
			pgtest.Exec(t, conn, `INSERT INTO parent SELECT -g, 'base-' || g, 0, g, repeat('x', 200) FROM generate_series(1, 3000) g`)
			if name == "hashed" { // every row that comes refers to one that stays, and to itself
				pgtest.Exec(t, conn, `ALTER TABLE parent ADD up int DEFAULT -1 CONSTRAINT up REFERENCES parent ON UPDATE CASCADE`)
				pgtest.Exec(t, conn, `ALTER TABLE parent ADD CONSTRAINT self FOREIGN KEY (id) REFERENCES parent ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED`)
			}
			before := pgtest.CatalogSnapshot(t, conn)
			base := pgtest.Rows(t, conn, `SELECT tableoid::regclass, id, tag, owner, n FROM parent ORDER BY id`)
			env := newEnv(t, dsn)
			env.Options.BatchTime = 20 * time.Millisecond
			env.Options.SnapshotWait = 2 * time.Minute // what is logged under the locks takes some attempts
			_, seed := newRand(t)
			writers := pgtest.StartWriters(t, dsn, seed, 2, pgtest.Levels)
			byLeaf := pgtest.Connect(t, dsn)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			done := make(chan error, 1)
			go func() { done <- writeLeaves(ctx, byLeaf) }()
			writers.Await(t, 20)
			req := request(t, conn, "parent", func(s *registry.Spec) {
				s.Tables[0].Change.Alter = []string{"ALTER tag TYPE varchar(200)", "ADD since timestamptz DEFAULT now()"}
				s.Tables[0].Change.PKBigint = name == "hashed"
			})
			job := runTo(t, env, req, stages.Swap)
			writers.Await(t, 30)
			job = revert(t, env, job)
			require.NoError(t, stages.Reset(t.Context(), env, job))
			writers.Await(t, 10)
			stop()
			require.NoError(t, <-done)
			writers.Stop(t, conn)
			require.Equal(t, base, pgtest.Rows(t, conn, `SELECT tableoid::regclass, id, tag, owner, n FROM parent WHERE owner = 0 ORDER BY id`))
			requireSameButSequences(t, before, pgtest.CatalogSnapshot(t, conn))
			requireNoTraces(t, conn)
		})
	}
}

// writeLeaves changes rows by way of their partitions, until ctx ends.
func writeLeaves(ctx context.Context, conn *pgx.Conn) error {
	leaves := []string{"parent_a", "parent_b", "parent_c"}
	for i := 0; ctx.Err() == nil; i++ {
		select {
		case <-ctx.Done():
		case <-time.After(5 * thinkTime):
		}
		leaf := leaves[i%len(leaves)]
		_, err := conn.Exec(context.WithoutCancel(ctx), `UPDATE `+leaf+` SET pad = pad || 'y' WHERE owner = 0 AND id % 997 = $1`, -(i % 997))
		if err != nil {
			return err
		}
	}
	return nil
}

// TestLaw4WholeTreeKilled: kill -9 in every stage of a job on a partitioned table.
func TestLaw4WholeTreeKilled(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	v := &victim{t: t, dsn: pgtest.Database(t), shape: hashedShape}
	v.connect = func() *pgx.Conn { return pgtest.Connect(t, v.dsn) }
	v.strike = func(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
	v.torment(pgtest.StartWriters)
}

// wholeShop is the table of the fault sweeps, in partitions.
var wholeShop = func() []string {
	var out []string
	for _, sql := range faultShop {
		switch {
		case strings.HasPrefix(sql, "CREATE TABLE orders"):
			out = append(out, `CREATE TABLE orders (id serial PRIMARY KEY, customer_id int NOT NULL REFERENCES customers ON DELETE CASCADE,
				code text NOT NULL, total numeric(12,2) NOT NULL DEFAULT 0 CHECK (total >= 0), parent int) PARTITION BY RANGE (id)`,
				`CREATE TABLE orders_a PARTITION OF orders FOR VALUES FROM (0) TO (150)`, `CREATE TABLE orders_b PARTITION OF orders DEFAULT PARTITION BY HASH (id)`,
				`CREATE TABLE orders_b1 (parent int, total numeric(12,2) NOT NULL CONSTRAINT orders_total_check CHECK (total >= 0), id int NOT NULL, code text NOT NULL, customer_id int NOT NULL)`,
				`ALTER TABLE orders_b ATTACH PARTITION orders_b1 FOR VALUES WITH (MODULUS 1, REMAINDER 0)`, `CREATE INDEX ON orders_b1 (code)`)
		case strings.HasPrefix(sql, "CREATE TABLE order_lines"):
			out = append(out, strings.Replace(sql, "REFERENCES orders ON DELETE CASCADE", "", 1))
		default:
			out = append(out, sql)
		}
	}
	return out
}()

func TestLaw4WholeTreeLostConnectionInSetup(t *testing.T) {
	sweep(t, faultCase{shop: wholeShop, do: run(stages.Setup)})
}

func TestLaw4WholeTreeLostConnectionInBackfill(t *testing.T) {
	sweep(t, faultCase{shop: wholeShop, before: until(stages.Setup), do: run(stages.Backfill)})
}

func TestLaw4WholeTreeLostConnectionInSwap(t *testing.T) {
	sweep(t, faultCase{shop: wholeShop, before: until(stages.Verify), do: run(stages.Swap)})
}

func TestLaw4WholeTreeLostConnectionInCleanup(t *testing.T) {
	sweep(t, faultCase{shop: wholeShop, before: until(stages.Swap), do: found(stages.Erase), gone: true})
}
