package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestPlanSaysOnceHowManyFollow: what follows the table's name is listed below how it does, by the shortest name; JSON
// has a sentence for each.
func TestPlanSaysOnceHowManyFollow(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), `CREATE TABLE "T 1" (id int PRIMARY KEY, n int);
		CREATE TABLE child (id int REFERENCES "T 1", other int REFERENCES "T 1");
		CREATE VIEW v AS SELECT id FROM "T 1"; CREATE VIEW whole AS SELECT t FROM "T 1" t;
		CREATE VIEW on_v AS SELECT id FROM v;
		CREATE MATERIALIZED VIEW m AS SELECT n FROM "T 1"; CREATE MATERIALIZED VIEW mm AS SELECT n FROM m;
		CREATE RULE r AS ON DELETE TO "T 1" WHERE false DO ALSO NOTHING; CREATE POLICY "p 1" ON "T 1"; CREATE STATISTICS s ON id, n FROM "T 1";
		CREATE FUNCTION f("T 1") RETURNS int LANGUAGE sql AS 'SELECT 1'`)
	require.NoError(t, err)
	got := repave(t, "plan", `"T 1"`)
	require.Equal(t, exitOK, got.code, got.stderr)
	t.Log(got.stdout)
	require.Contains(t, got.stdout, `
  owner, storage parameters, tablespace and comments
`)
	for _, text := range []string{
		`
  moves in the swap:
    rule r
    policy "p 1"
`, `
  made anew and filled before the swap, exchanged in it with its indexes:
    materialized view public.m
    materialized view public.mm
`, `
  replaced where it stands in the swap, or made again if its types change:
    view public.v
    view public.whole
`, `
  dropped and made again in the swap, with owner, grants and comments:
    function public.f(public."T 1")
`, `
  a like one is gathered on the shadow, and they exchange names in the swap:
    statistics object public.s
`, `
locks:
  on public."T 1":
    SHARE ROW EXCLUSIVE: milliseconds, to install the triggers (blocks writers)
`, `
  ACCESS EXCLUSIVE for milliseconds, in the swap, as foreign keys tie them to it:
    public.child
`, `
  ACCESS EXCLUSIVE for milliseconds, in setup and in the swap, as they are bound to it:
    public.v
`, `
worth knowing:
  - the swap is rehearsed`,
	} {
		require.Contains(t, got.stdout, text)
	}
	require.NotContains(t, got.stdout, "public.on_v")
	var plans []stages.PlanReport
	require.NoError(t, json.Unmarshal([]byte(repave(t, "plan", "--json", `"T 1"`).stdout), &plans))
	require.Contains(t, plans[0].Carried, `policy "p 1" on public."T 1": moves in the swap`)
	require.Contains(t, plans[0].Carried, "materialized view public.mm: made anew and filled before the swap, exchanged in it with its indexes")
	require.Contains(t, plans[0].Locks, `ACCESS EXCLUSIVE on public.child: milliseconds, in the swap, for foreign key "child_id_fkey"`)
}
