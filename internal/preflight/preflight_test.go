package preflight_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/preflight"
	"github.com/repave-pg/repave/tests/pgtest"
)

// inspect runs all checks on a relation. The session's search path becomes empty.
func inspect(t *testing.T, conn *pgx.Conn, name string, partitionBy ...string) []preflight.Finding {
	t.Helper()
	pgtest.Exec(t, conn, "SET search_path = ''")
	oid := pgtest.Count(t, conn, "SELECT $1::text::regclass::oid::int", name)
	relation, err := catalog.Load(t.Context(), conn, uint32(oid), "repave")
	require.NoError(t, err)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	dependents, err := catalog.LoadDependents(t.Context(), tx, []uint32{uint32(oid)}, "repave")
	require.NoError(t, err)
	require.NoError(t, tx.Rollback(t.Context()))
	findings, err := preflight.Run(t.Context(), preflight.Input{
		DB: conn, Relation: relation, Dependents: dependents, RegistrySchema: "repave", PartitionBy: strings.Join(partitionBy, ""),
	})
	require.NoError(t, err)
	for _, finding := range findings {
		require.NotEmpty(t, finding.Cure, finding.Problem)
	}
	return findings
}

// A scenario is a table that one check must refuse.
type scenario struct {
	name    string
	make    []string // with %t for the table's name
	table   string   // the default is the table "Order"
	since   int
	check   string
	problem string // a part of it
	by      string // how it is to be partitioned, if at all
	cured   bool   // the cure is SQL that takes the finding away
}

const plainTable = `CREATE TABLE s."Order" (id bigserial PRIMARY KEY, a int, b text, f bigint REFERENCES s.other)`

var scenarios = []scenario{
	{name: "view", make: []string{`CREATE VIEW s.v AS SELECT 1`}, table: "s.v", check: "kind", problem: "is a view"},
	{
		name: "materialized view", make: []string{`CREATE MATERIALIZED VIEW s.v AS SELECT 1`},
		table: "s.v", check: "kind", problem: "is a materialized view",
	},
	{
		name: "partition of a table with foreign keys that are alike", make: []string{
			`CREATE TABLE s.v (i int PRIMARY KEY CONSTRAINT k REFERENCES s.other) PARTITION BY LIST (i)`,
			`CREATE TABLE s.w PARTITION OF s.v FOR VALUES IN (1)`, `ALTER TABLE s.v ADD CONSTRAINT l FOREIGN KEY (i) REFERENCES s.other`,
		},
		table: "s.w", check: "partition", problem: "foreign keys k and l of s.v are alike", cured: true,
	},
	{
		name: "partition without an index of its table's", make: []string{
			`CREATE TABLE s.v (i int PRIMARY KEY, n int) PARTITION BY LIST (i)`,
			`CREATE TABLE s.w PARTITION OF s.v FOR VALUES IN (1)`, `CREATE INDEX half ON ONLY s.v (n)`,
		},
		table: "s.w", check: "partition", problem: "index s.half has no partition on s.w",
	},
	{
		name: "temporary table", make: []string{`CREATE TEMPORARY TABLE v (i int PRIMARY KEY)`},
		table: "pg_temp.v", check: "kind", problem: "temporary",
	},
	{name: "catalog", table: "pg_catalog.pg_class", check: "kind", problem: "belongs to PostgreSQL"},
	{
		name: "toast table", make: []string{`ALTER TABLE %t REPLICA IDENTITY DEFAULT`}, table: "toast of %t",
		check: "kind", problem: "TOAST",
	},
	{name: "sequence", table: `s."Order_id_seq"`, check: "kind", problem: "is a sequence"},
	{name: "index", table: `s."Order_pkey"`, check: "kind", problem: "is an index"},
	{
		name: "registry", make: []string{`CREATE SCHEMA repave`, `CREATE TABLE repave.job (id int PRIMARY KEY)`},
		table: "repave.job", check: "kind", problem: "repave's own schema",
	},
	{
		name: "no key, id at hand", make: []string{`ALTER TABLE %t DROP CONSTRAINT "Order_pkey"`},
		check: "key", problem: "no primary key", cured: true,
	},
	{
		name: "no key, nullable unique", make: []string{`ALTER TABLE %t DROP CONSTRAINT "Order_pkey", ADD UNIQUE (a, b)`},
		check: "key", problem: "no primary key", cured: true,
	},
	{
		name: "no key at all", make: []string{`ALTER TABLE %t DROP COLUMN id`},
		check: "key", problem: "no primary key", cured: true,
	},
	{
		name: "invalid index", make: []string{
			`INSERT INTO %t (a) VALUES (1), (1)`, `!CREATE UNIQUE INDEX CONCURRENTLY inv ON %t (a)`, `UPDATE %t SET a = id`,
		},
		check: "invalid_index", problem: "s.inv is invalid", cured: true,
	},
	{
		name: "temporal key alone", since: 18,
		make:  []string{`ALTER TABLE %t DROP COLUMN id, ADD r int4range, ADD v tstzrange, ADD PRIMARY KEY (r, v WITHOUT OVERLAPS), ADD UNIQUE (a)`},
		check: "key", problem: "no primary key", cured: true,
	},
	{
		name: "whole row in an index", make: []string{`CREATE INDEX w ON %t (("Order" IS NOT NULL))`},
		check: "whole_row", problem: "index s.w", cured: true,
	},
	{
		name: "whole row in a check", make: []string{`ALTER TABLE %t ADD CONSTRAINT w CHECK ("Order" IS NOT NULL)`},
		check: "whole_row", problem: "check constraint w", cured: true,
	},
	{
		name: "identity sequence in use", make: []string{
			`ALTER TABLE %t ADD i int GENERATED ALWAYS AS IDENTITY`,
			`CREATE TABLE s.user (i int DEFAULT nextval('s."Order_i_seq"'))`,
		},
		check: "sequence", problem: "Order_i_seq",
	},
	{
		name: "publication of all tables", make: []string{`CREATE PUBLICATION p FOR ALL TABLES`},
		check: "publication", problem: "FOR ALL TABLES", cured: true,
	},
	{
		name: "publication of the schema", since: 15, make: []string{`CREATE PUBLICATION p FOR TABLES IN SCHEMA s`},
		check: "publication", problem: "schema s", cured: true,
	},
	{
		name: "publication that would name partitions", make: []string{`CREATE PUBLICATION p FOR TABLE %t`}, by: "HASH (id) 4",
		check: "partition", problem: `publication "p"`, cured: true,
	},
	{
		name: "child of one to be partitioned", make: []string{`CREATE TABLE s.c () INHERITS (s."Order")`}, by: "HASH (id) 4",
		check: "partition", problem: "a child like s.c", cured: true,
	},
	{
		name: "constraint of a child", make: []string{`CREATE TABLE s.c () INHERITS (s."Order")`, `ALTER TABLE %t ADD CONSTRAINT k CHECK (id > 0) NOT VALID`},
		check: "inheritance", problem: "constraint k of child s.c", cured: true,
	},
	{
		name: "foreign child", make: []string{
			`CREATE FOREIGN DATA WRAPPER nothing`, `CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing`,
			`CREATE FOREIGN TABLE s.c () INHERITS (s."Order") SERVER nowhere`,
		},
		check: "inheritance", problem: "s.c is a foreign table", cured: true,
	},
	{name: "temporary child", make: []string{`CREATE TEMPORARY TABLE c () INHERITS (s."Order")`}, check: "inheritance", problem: "is temporary", cured: true},
	{
		name: "materialized view beside a child", make: []string{`CREATE TABLE s.c () INHERITS (s."Order")`, `CREATE MATERIALIZED VIEW s.m AS SELECT id FROM s."Order"`},
		check: "inheritance", problem: "without the rows of its children", cured: true,
	},
	{
		// The server has no provider that could make one, or take it away.
		name: "security label", make: []string{
			`SET allow_system_table_mods = on`, `INSERT INTO pg_seclabel VALUES ('s."Order"'::regclass, 'pg_class'::regclass, 0, 'nobody', 'secret')`,
		},
		check: "security label", problem: "security label of nobody on",
	},
	{
		name: "inherited column", make: []string{`CREATE TABLE s.c (a int)`, `ALTER TABLE %t INHERIT s.c`, `ALTER TABLE s.c ADD more int`},
		check: "inherited", problem: "column more", cured: true,
	},
	{
		name: "extension", make: []string{`ALTER EXTENSION plpgsql ADD TABLE %t`},
		check: "extension", problem: "plpgsql", cured: true,
	},
	{
		name: "read-only sessions", make: []string{`SET default_transaction_read_only = on`},
		check: "server", problem: "read-only",
	},
}

func TestEveryCheckFires(t *testing.T) {
	t.Parallel()

	for _, tc := range scenarios {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			const name = `s."Order"`
			conn := pgtest.Connect(t, pgtest.Database(t), `CREATE SCHEMA s`, `CREATE TABLE s.other (id bigint PRIMARY KEY)`, plainTable)
			if pgtest.ServerVersion(t, conn) < tc.since {
				t.Skip("the server is too old")
			}
			require.Empty(t, inspect(t, conn, name))
			for _, statement := range tc.make {
				statement, mayFail := strings.CutPrefix(strings.ReplaceAll(statement, "%t", name), "!")
				if _, err := conn.Exec(t.Context(), statement); !mayFail {
					require.NoError(t, err, statement)
				}
			}
			table := tc.table
			switch {
			case table == "":
				table = name
			case strings.HasPrefix(table, "toast of"):
				table = pgtest.Value[string](t, conn, `SELECT reltoastrelid::regclass::text FROM pg_class WHERE oid = $1::text::regclass`, name)
			}
			findings := inspect(t, conn, table, tc.by)
			require.Len(t, findings, 1)
			require.Equal(t, tc.check, findings[0].Check)
			require.Contains(t, findings[0].Problem, tc.problem)
			if tc.cured {
				cure, _, _ := strings.Cut(findings[0].Cure, ";")
				pgtest.Exec(t, conn, cure)
				require.Empty(t, inspect(t, conn, table, tc.by))
			}
		})
	}
}
