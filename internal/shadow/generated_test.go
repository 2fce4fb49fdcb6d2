package shadow_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/tests/pgtest"
)

var computed = []string{
	`CREATE TABLE t (id int PRIMARY KEY, a int, name varchar(10), gone int,
		twice bigint GENERATED ALWAYS AS (a * 2) STORED CONSTRAINT twice_ok CHECK (twice > 0),
		label text COLLATE "C" GENERATED ALWAYS AS (name || ':' || a) STORED NOT NULL,
		next int GENERATED ALWAYS AS (id + 1) STORED)`,
	`COMMENT ON COLUMN t.twice IS 'two times'`, `ALTER TABLE t ALTER label SET STATISTICS 50`,
	`CREATE INDEX t_twice ON t (twice, lower(label)) WHERE next > 0`,
	`GRANT SELECT (twice) ON t TO pg_monitor`,
}

// TestColumnsThatOthersAreComputedFromChangeType, which ALTER TABLE refuses.
func TestColumnsThatOthersAreComputedFromChangeType(t *testing.T) {
	t.Parallel()

	for name, change := range map[string]shadow.Change{
		"in place":  {Alter: []string{`ALTER a TYPE bigint, ALTER name TYPE text, DROP gone`, `RENAME a TO "New a"`}, PKBigint: true},
		"optimized": {Alter: []string{`RENAME a TO "New a"`, `ALTER "New a" TYPE bigint, ALTER name TYPE text, DROP gone`}, PKBigint: true, OptimizeColumns: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := session(t, computed...)
			before := load(t, conn, "public.t")
			plan := build(t, conn, "public.t", change)
			after := finish(t, conn, plan)
			want := before
			want.Columns = nil
			for _, c := range before.Columns {
				switch c.Name {
				case "gone":
					continue
				case "id":
					c.Type = "bigint"
				case "a":
					c.Name, c.Type = "New a", "bigint"
				case "name":
					c.Type = "text"
				case "twice":
					c.Default = `("New a" * 2)`
				case "label":
					c.Default = `((name || ':'::text) || "New a")`
				}
				want.Columns = append(want.Columns, c)
			}
			arrange(t, &want, after)
			require.Empty(t, catalog.Diff(want, after))
			for _, generated := range []string{"twice", "label", "next"} {
				require.True(t, column(t, plan, "twice").ShadowGenerated, generated)
			}
			pgtest.Exec(t, conn, `INSERT INTO public.t (id, "New a", name) VALUES (5, 3000000000, 'a name of some length')`)
			require.Equal(t, []string{"6000000000|a name of some length:3000000000"},
				pgtest.Rows(t, conn, `SELECT twice, label FROM public.t WHERE next > 0 OR true`))
		})
	}
}

func TestGeneratedColumnsThatLoseTheirSource(t *testing.T) {
	t.Parallel()

	conn := session(t, computed...)
	requireRefused(t, conn, shadow.Change{Alter: []string{`ALTER name TYPE text`, `DROP a`}}, "computed from", "same --alter")
	requireRefused(t, conn, shadow.Change{Alter: []string{`ALTER a TYPE text`}}, "text * integer", "")
	plan := build(t, conn, "public.t", shadow.Change{Alter: []string{`ALTER a TYPE bigint`, `DROP twice, DROP label`}})
	require.True(t, column(t, plan, "next").ShadowGenerated)
	require.Len(t, plan.Shadow.Columns, 5)
}
