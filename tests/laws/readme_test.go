package laws_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// carried counts, for every row of the README's table, how often the schema that TestLaw5...WhatIsBoundFollows proves
// has it. $t stands for the table.
var carried = map[string]string{
	"columns":           `SELECT count(*) FROM pg_attribute WHERE attrelid = $t AND attnum > 0`,
	"generated columns": `SELECT count(*) FROM pg_attribute WHERE attrelid = $t AND attgenerated = 's'`,
	"identity columns":  `SELECT count(*) FROM pg_attribute WHERE attrelid = $t AND attidentity <> ''`,
	"serial columns":    `SELECT count(*) FROM pg_attrdef WHERE adrelid = $t AND pg_get_expr(adbin, adrelid) LIKE 'nextval%'`,
	"primary keys, unique and exclusion constraints": `SELECT (count(DISTINCT contype) = 3)::int FROM pg_constraint WHERE conrelid = $t AND contype IN ('p', 'u', 'x')`,
	"check constraints":        `SELECT (count(DISTINCT convalidated) = 2)::int FROM pg_constraint WHERE conrelid = $t AND contype = 'c'`,
	"indexes":                  `SELECT (count(DISTINCT relam) > 4)::int FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE indrelid = $t`,
	"foreign keys":             `SELECT (count(*) > 4)::int FROM pg_constraint WHERE contype = 'f' AND $t IN (conrelid, confrelid)`,
	"owner, grants, comments":  `SELECT (relacl IS NOT NULL AND obj_description(oid, 'pg_class') <> '')::int FROM pg_class WHERE oid = $t`,
	"storage parameters":       `SELECT cardinality(reloptions) FROM pg_class WHERE oid = $t`,
	"triggers":                 `SELECT (count(DISTINCT tgenabled) = 4)::int FROM pg_trigger WHERE tgrelid = $t AND NOT tgisinternal`,
	"row security":             `SELECT count(*) FROM pg_policy JOIN pg_class c ON c.oid = polrelid WHERE c.oid = $t AND relrowsecurity`,
	"policies of other tables": `SELECT count(*) FROM pg_policy JOIN pg_depend ON objid = pg_policy.oid WHERE polrelid <> $t AND refobjid = $t`,
	"inheritance":              `SELECT count(*) FROM pg_inherits WHERE inhrelid = 'child'::regclass`,       // TestLaw5InheritanceIsAsItWas
	"children":                 `SELECT count(*) FROM pg_inherits WHERE inhparent = '"A parent"'::regclass`, // TestLaw5ChildrenStayAsTheyWere
	"partitions":               `SELECT count(*) FROM pg_inherits WHERE inhrelid = '"Nov"'::regclass`,       // TestLaw5APartitionIsAsItWas
	"row type":                 `SELECT count(typacl) FROM pg_type WHERE typrelid = $t AND obj_description(oid, 'pg_type') <> ''`,
	"dependence on extensions": `SELECT (count(*) = 2)::int FROM pg_depend WHERE deptype = 'x' AND objid IN (
		SELECT indexrelid FROM pg_index WHERE indrelid = $t UNION ALL SELECT oid FROM pg_trigger WHERE tgrelid = $t)`,
	"rules":                    `SELECT (count(DISTINCT ev_class) > 1)::int FROM pg_rewrite JOIN pg_depend ON objid = pg_rewrite.oid WHERE rulename <> '_RETURN' AND refobjid = $t`,
	"replica identity":         `SELECT (relreplident <> 'd')::int FROM pg_class WHERE oid = $t`,
	"publications":             `SELECT count(*) FROM pg_publication_rel WHERE prrelid = $t`,
	"extended statistics":      `SELECT count(*) FROM pg_statistic_ext WHERE stxrelid = $t`,
	"views":                    `SELECT count(*) FROM pg_rewrite JOIN pg_depend ON objid = pg_rewrite.oid JOIN pg_class c ON c.oid = ev_class WHERE relkind = 'v' AND refobjid = $t`,
	"materialized views":       `SELECT count(*) FROM pg_rewrite JOIN pg_depend ON objid = pg_rewrite.oid JOIN pg_class c ON c.oid = ev_class WHERE relkind = 'm' AND refobjid = $t`,
	"functions and procedures": `SELECT count(*) FROM pg_proc JOIN pg_depend ON objid = pg_proc.oid WHERE refobjid = $t`,
}

// TestLaw5ReadmeSaysWhatIsCarried: the README promises what the tests prove, and all of it.
func TestLaw5ReadmeSaysWhatIsCarried(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(text), "\n## What is carried\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var promised []string
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, "|"); len(cells) > 2 && !strings.HasPrefix(cells[1], " ---") {
			promised = append(promised, strings.TrimSpace(cells[1]))
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(carried)), promised[1:])
	conn := pgtest.Connect(t, pgtest.Database(t))
	for _, sql := range []string{richSQL(t, conn, ""), boundObjects, heirs, months} {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	for what, sql := range carried {
		sql = strings.ReplaceAll(sql, "$t", `'`+richName.String()+`'::regclass`)
		require.Positive(t, pgtest.Count(t, conn, sql), what)
	}
}
