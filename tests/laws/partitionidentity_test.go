package laws_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw1And5ReplicaIdentityOfPartitions: a table that becomes partitioned has its replica identity on each partition,
// so that UPDATE and DELETE go on while it is published.
func TestLaw1And5ReplicaIdentityOfPartitions(t *testing.T) {
	t.Parallel()
	for identity, want := range map[string]string{"FULL": "f", "NOTHING": "n", "USING INDEX code_key": "i"} {
		t.Run(identity, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn, `CREATE TABLE ident (id int NOT NULL, code int NOT NULL, v text)`, `CREATE UNIQUE INDEX code_key ON ident (code, id)`,
				`ALTER TABLE ident REPLICA IDENTITY `+identity, `INSERT INTO ident SELECT g, g FROM generate_series(1, 200) g`)
			if want != "n" { // with which nobody could change rows now
				pgtest.Exec(t, conn, `CREATE PUBLICATION pub FOR TABLE ident WITH (publish_via_partition_root)`)
			}
			before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
			env := newEnv(t, dsn)
			job := runTo(t, env, request(t, conn, "ident", func(s *registry.Spec) { s.Tables[0].Change.PartitionBy = "HASH (id) 3" }), stages.Swap)
			require.Equal(t, []string{want + "|4"}, pgtest.Rows(t, conn, `SELECT relreplident, count(*) FROM pg_class
				WHERE relnamespace = 'public'::regnamespace AND relkind IN ('p', 'r') GROUP BY 1`))
			pgtest.Exec(t, conn, `UPDATE ident SET v = 'x' WHERE id < 50`)
			pgtest.Exec(t, conn, `DELETE FROM ident WHERE id > 150`)
			if want == "i" {
				require.Equal(t, 4, pgtest.Count(t, conn, `SELECT count(*) FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid
					WHERE x.indisreplident AND c.relnamespace = 'public'::regnamespace`))
			}
			job = revert(t, env, job)
			pgtest.Exec(t, conn, `UPDATE ident SET v = 'y' WHERE id < 50`)
			require.NoError(t, stages.Reset(t.Context(), env, job))
			pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
			require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
		})
	}
}
