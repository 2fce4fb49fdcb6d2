package laws_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// visits are a tree of partitions that refer to people: leaves at two depths,
// with names and columns of their own, and keys beside those of the tree.
const visits = `
CREATE TABLE people (id int PRIMARY KEY, code int NOT NULL UNIQUE, v text);
INSERT INTO people SELECT g, g, 'v' || g FROM generate_series(1, 300) g;
CREATE SCHEMA other;
CREATE TABLE visits (id int NOT NULL, who int, code int, at int NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE visits_a PARTITION OF visits FOR VALUES FROM (0) TO (100);
CREATE TABLE visits_m PARTITION OF visits FOR VALUES FROM (100) TO (1000) PARTITION BY LIST (who);
CREATE TABLE visits_m1 PARTITION OF visits_m FOR VALUES IN (1, 2, 3);
CREATE TABLE other."Leaf two" (gone int, at int NOT NULL, who int, code int, id int NOT NULL,
	CONSTRAINT "taken in" FOREIGN KEY (who) REFERENCES people ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
	CONSTRAINT "its own" FOREIGN KEY (code) REFERENCES people (code) NOT VALID);
ALTER TABLE other."Leaf two" DROP gone;
ALTER TABLE visits_m ATTACH PARTITION other."Leaf two" DEFAULT;
ALTER TABLE visits_m ADD CONSTRAINT "middle" FOREIGN KEY (who) REFERENCES people ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE visits ADD CONSTRAINT "of the tree" FOREIGN KEY (who) REFERENCES people ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE visits_m ADD CONSTRAINT "of the middle" FOREIGN KEY (code) REFERENCES people (code);
COMMENT ON CONSTRAINT "of the tree" ON visits IS 'one'; COMMENT ON CONSTRAINT "middle" ON visits_m IS 'two';
COMMENT ON CONSTRAINT "taken in" ON other."Leaf two" IS 'three'; COMMENT ON CONSTRAINT "of the tree" ON visits_a IS 'four';
INSERT INTO visits SELECT g, 1 + g % 10, 1 + g % 300, g FROM generate_series(0, 999) g;
CREATE TABLE plain (who int REFERENCES people);
INSERT INTO plain VALUES (299);
`

// namedConstraints leaves out those that the server makes for each partition of a
// table that is referred to; VALIDATE leaves some of those as they were
// (PostgreSQL 14 and 15), and nobody could name them.
func namedConstraints(t *testing.T, conn *pgx.Conn) map[string]string {
	t.Helper()
	snapshot := withoutJob(pgtest.CatalogSnapshot(t, conn))
	for key := range snapshot {
		for _, prefix := range []string{"constraint visits_", "constraint \"of the tree_", "constraint \"middle_", "constraint \"taken in_", "constraint \"of the middle_"} {
			if strings.HasPrefix(key, prefix) {
				delete(snapshot, key)
			}
		}
	}
	return snapshot
}

// TestLaw5KeysFromPartitionedTables: the foreign key of a partitioned table
// changes over to the rewritten one and back, on all of its partitions, with
// their names and comments.
func TestLaw5KeysFromPartitionedTables(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"to a plain table": visits,
		"to a table that becomes partitioned": strings.ReplaceAll(strings.Replace(visits, "code int NOT NULL UNIQUE", "code int", 1),
			" REFERENCES people (code)", " REFERENCES people"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn)
			becomes := name != "to a plain table"
			if becomes && pgtest.ServerVersion(t, conn) < 15 { // those that act are refused there
				script = strings.ReplaceAll(script, "ON UPDATE CASCADE ON DELETE CASCADE", "")
			}
			_, err := conn.Exec(t.Context(), script, pgx.QueryExecModeSimpleProtocol)
			require.NoError(t, err)
			before, dump := namedConstraints(t, conn), pgtest.DumpSchema(t, dsn, "repave")
			env := newEnv(t, dsn)
			req := request(t, conn, "people", func(s *registry.Spec) {
				if becomes {
					s.Tables[0].Change.PartitionBy = "HASH (id) 3"
				}
			})
			job := runTo(t, env, req, stages.Swap)
			requireTree(t, conn)
			pgtest.Exec(t, conn, `INSERT INTO people VALUES (1000, 1000, 'new')`)
			pgtest.Exec(t, conn, `UPDATE visits SET who = 1000 WHERE who = 5 AND at < 500`)
			job = revert(t, env, job)
			namesAndAll := namedConstraints(t, conn)
			pgtest.RequireSameCatalog(t, before, namesAndAll)
			requireTree(t, conn)
			pgtest.Exec(t, conn, `UPDATE visits SET who = 6 WHERE who = 1000`)
			pgtest.Exec(t, conn, `DELETE FROM people WHERE id = 1000`)
			require.NoError(t, stages.Reset(t.Context(), env, job))
			pgtest.RequireSameCatalog(t, before, namedConstraints(t, conn))
			require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
			runTo(t, env, req, stages.Cleanup)
			requireTree(t, conn)
			if !becomes {
				pgtest.RequireSameCatalog(t, before, namedConstraints(t, conn))
				require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
			}
			requireNoTraces(t, conn)
		})
	}
}

// requireTree requires that the key of visits holds on every partition.
func requireTree(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	require.Equal(t, []string{
		`of the tree|visits|NULL|t|one`, `of the tree|visits_a|of the tree|t|four`, `middle|visits_m|of the tree|t|two`,
		`middle|visits_m1|middle|t|NULL`, `taken in|other."Leaf two"|middle|t|three`,
	}, pgtest.Rows(t, conn, `SELECT k.conname, k.conrelid::regclass, p.conname, k.convalidated, obj_description(k.oid, 'pg_constraint')
		FROM pg_constraint k LEFT JOIN pg_constraint p ON p.oid = k.conparentid
		WHERE k.contype = 'f' AND k.conname IN ('of the tree', 'middle', 'taken in') AND p.conrelid IS DISTINCT FROM k.conrelid
		ORDER BY array_position('{visits,visits_a,visits_m,visits_m1}', k.conrelid::regclass::text)`))
	for _, sql := range []string{
		`INSERT INTO visits VALUES (1, 5000, 1, 1)`, `INSERT INTO visits VALUES (1, 5000, 1, 600)`, `UPDATE visits_m1 SET code = 5000 WHERE at = 100`,
		`DELETE FROM people WHERE id = 299`, `UPDATE other."Leaf two" SET who = 77777`,
	} {
		_, err := conn.Exec(t.Context(), sql)
		require.Equal(t, "23503", sqlState(err), sql)
	}
}

// TestLaw9PartitionsOfReferencingTables: partitions of a table that refers to
// the job's may come and go at any time, also between the swap and its end.
func TestLaw9PartitionsOfReferencingTables(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), visits, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	env := newEnv(t, dsn)
	req := request(t, conn, "people", bigint)
	runTo(t, env, req, stages.Verify)
	pgtest.Exec(t, conn, `CREATE TABLE visits_b PARTITION OF visits FOR VALUES FROM (1000) TO (2000)`)
	pgtest.Exec(t, conn, `COMMENT ON CONSTRAINT "of the tree" ON visits_b IS 'b'`)
	pgtest.Exec(t, conn, `DROP TABLE visits_m1`)
	people := pgtest.Connect(t, dsn)
	var once sync.Once
	var failed error
	env.Report = func(e stages.Event) {
		if strings.HasPrefix(e.Unit, "validating foreign key") {
			once.Do(func() {
				for _, sql := range []string{
					`CREATE TABLE visits_c PARTITION OF visits FOR VALUES FROM (2000) TO (3000)`,
					`CREATE TABLE visits_d (LIKE visits)`, `INSERT INTO visits_d VALUES (1, 1, 1, 3000)`,
					`ALTER TABLE visits ATTACH PARTITION visits_d FOR VALUES FROM (3000) TO (4000)`,
					`INSERT INTO visits VALUES (1, 1, 1, 2000)`, `ALTER TABLE visits DETACH PARTITION visits_a`,
				} {
					_, err := people.Exec(t.Context(), sql)
					failed = errors.Join(failed, err)
				}
			})
		}
	}
	runTo(t, env, req, stages.Cleanup)
	require.NoError(t, failed)
	require.Equal(t, []string{
		"of the tree|visits|t|f", "of the tree|visits_b|t|t", "of the tree|visits_c|t|t", "of the tree|visits_d|t|t",
	}, slices.DeleteFunc(pgtest.Rows(t, conn, `SELECT conname, conrelid::regclass, convalidated, conparentid <> 0 FROM pg_constraint
		WHERE conname = 'of the tree' ORDER BY conrelid::regclass::text`), func(s string) bool { return strings.Contains(s, "visits_a") }))
	requireNoTraces(t, conn)
}

// partitionedLines is the table of the fault sweeps, with lines in partitions.
var partitionedLines = func() []string {
	shop := slices.Clone(faultShop)
	for i, sql := range shop {
		if strings.HasPrefix(sql, "CREATE TABLE order_lines") {
			shop[i] = `CREATE TABLE order_lines (order_id int NOT NULL REFERENCES orders ON DELETE CASCADE, line int,
				PRIMARY KEY (order_id, line)) PARTITION BY RANGE (order_id)`
			return slices.Insert(shop, i+1, `CREATE TABLE low PARTITION OF order_lines FOR VALUES FROM (0) TO (100)`,
				`CREATE TABLE high PARTITION OF order_lines DEFAULT PARTITION BY HASH (line)`,
				`CREATE TABLE high_0 PARTITION OF high FOR VALUES WITH (MODULUS 2, REMAINDER 0)`,
				`CREATE TABLE high_1 PARTITION OF high FOR VALUES WITH (MODULUS 2, REMAINDER 1)`)
		}
	}
	return nil
}()

func TestLaw4KeysFromPartitionedLostConnectionInSwap(t *testing.T) {
	sweep(t, faultCase{shop: partitionedLines, before: until(stages.Verify), do: run(stages.Swap)})
}

func TestLaw4KeysFromPartitionedLostConnectionInSetup(t *testing.T) {
	sweep(t, faultCase{shop: partitionedLines, do: run(stages.Setup)})
}
