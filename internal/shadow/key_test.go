package shadow_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/tests/pgtest"
)

func TestKeyComparesAsItsTypeDoes(t *testing.T) {
	t.Parallel()

	conn := session(t, `CREATE EXTENSION citext`, `CREATE TABLE t (a text, b int, PRIMARY KEY (b, a))`)
	plan := build(t, conn, "public.t", shadow.Change{Alter: []string{`ALTER a TYPE citext`}})
	require.Equal(t, []shadow.KeyColumn{
		{
			Source: "b", SourceType: "integer", SourceEq: "OPERATOR(pg_catalog.=)",
			Shadow: "b", ShadowType: "integer", ShadowEq: "OPERATOR(pg_catalog.=)",
		},
		{
			Source: "a", SourceType: "text", SourceEq: "OPERATOR(pg_catalog.=)", SourceCollation: plan.Key[1].SourceCollation,
			Shadow: "a", ShadowType: "public.citext", ShadowEq: "OPERATOR(public.=)", ShadowCollation: plan.Key[1].ShadowCollation,
		},
	}, plan.Key)
	require.True(t, column(t, plan, "a").AsText)
	finish(t, conn, plan)
}

func TestAShadowWithoutKeyIndexGetsAHelper(t *testing.T) {
	t.Parallel()

	for name, list := range map[string]string{
		"dropped":    `DROP CONSTRAINT t_pkey`,
		"replaced":   `DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (c)`,
		"exclusion":  `DROP CONSTRAINT t_pkey, ADD EXCLUDE USING hash (a WITH =)`,
		"other sort": `DROP CONSTRAINT t_pkey, ADD UNIQUE (a, b, c)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			conn := session(t, `CREATE TABLE t (a int, b text, c int, PRIMARY KEY (b, a))`)
			plan := build(t, conn, "public.t", shadow.Change{Alter: []string{list}})
			last := plan.Indexes[len(plan.Indexes)-1]
			require.True(t, last.Helper)
			require.True(t, last.Key)
			require.Contains(t, last.Def, "repave_7_1_key")
			require.Len(t, plan.Key, 2)
			require.Len(t, plan.Shadow.Indexes, len(plan.Indexes)-1)
			finish(t, conn, plan)
		})
	}
}

func TestTheKeyIndexIsFound(t *testing.T) {
	t.Parallel()

	conn := session(t, `CREATE TABLE t (a int NOT NULL, b text NOT NULL, c int)`,
		`CREATE UNIQUE INDEX part ON t (a, b) WHERE c > 0`,
		`CREATE UNIQUE INDEX whole ON t (b, a)`)
	plan := build(t, conn, "public.t", shadow.Change{Alter: []string{`ADD UNIQUE (a, b)`, `RENAME a TO x`}})
	for _, index := range plan.Indexes {
		require.Equal(t, index.Name == "whole", index.Key, index.Name)
		require.False(t, index.Helper)
	}
	require.Equal(t, "x", string(plan.Key[1].Shadow))
	finish(t, conn, plan)
}

func TestATableWithoutKeyIsRefused(t *testing.T) {
	t.Parallel()

	conn := session(t, `CREATE TABLE t (a int UNIQUE)`)
	requireRefused(t, conn, shadow.Change{}, "has no key", "NOT NULL")
}

func TestDroppingThePrimaryKeyKeepsNotNull(t *testing.T) {
	t.Parallel()

	conn := session(t, `CREATE TABLE t (a int PRIMARY KEY, b int)`)
	build(t, conn, "public.t", shadow.Change{})
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM pg_catalog.pg_attribute
		WHERE attrelid = 'repave.repave_7_1_shadow'::pg_catalog.regclass AND attnum > 0 AND attnotnull`))
}
