package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/shadow"
)

// specFileOf writes a spec file.
func specFileOf(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rewrite.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// everySpec has every key that there is.
const everySpec = `
tables:
  orders:
    alter:
      - ALTER COLUMN total TYPE bigint
      - |
        DROP COLUMN x,
          ADD y text DEFAULT 'a: b'
    using: {total: price * amount, "a=b": 0, on: true, json: "a #> b"} # a comment
    pk_bigint: true
    optimize_columns: true
    order_by: customer_id, "Created at"
    set: {fillfactor: 90, toast.autovacuum_enabled: off}
    tablespace: fa#st
    partition_by: RANGE (id) WIDTH 1000
    partitions_ahead: 0
    drop_constraints: [a, "b, c"]
  '"Order Lines"': &same
    alter: DROP x
    partition_by: RANGE (id) WIDTH 1000
  other: *same
  plain:
with_referencing: true
pace:
  workers: 4
  batch_time: 100ms
  max_rate: 1e5
  max_lag: 0
  max_active: auto
  max_slot_wal: 20GB
  lock_timeout: 300ms
  lock_attempts: 9
  snapshot_wait: 1h30m
  maintenance_work_mem: 1GB
`

func TestSpecFilesAreReadAsTheySay(t *testing.T) {
	got, err := parseSpec("x", []byte(everySpec))
	require.NoError(t, err)
	same := shadow.Change{Alter: []string{"DROP x"}, PartitionBy: "RANGE (id) WIDTH 1000", PartitionsAhead: partitionsAhead}
	want := []specTable{
		{"orders", "x:3:3", shadow.Change{
			Alter:    []string{"ALTER COLUMN total TYPE bigint", "DROP COLUMN x,\n  ADD y text DEFAULT 'a: b'"},
			Using:    map[string]string{"total": "price * amount", "a=b": "0", "on": "true", "json": "a #> b"},
			PKBigint: true, OptimizeColumns: true, OrderBy: []string{"customer_id", "Created at"},
			Set: []string{"fillfactor=90", "toast.autovacuum_enabled=off"}, Tablespace: "fa#st",
			PartitionBy: "RANGE (id) WIDTH 1000", DropConstraints: []string{"a", "b, c"},
		}},
		{`"Order Lines"`, "x:18:3", same},
		{"other", "x:21:3", same},
		{"plain", "x:22:3", shadow.Change{}},
	}
	require.Equal(t, want, got.tables)
	require.True(t, got.referencing)
	require.Len(t, got.pace, len(paceKeys()))
	for _, key := range paceNames() {
		require.Contains(t, everySpec, key+":")
	}
	for _, key := range tableNames() {
		require.Contains(t, everySpec, key+":")
	}
}

// TestWrongSpecFilesAreRefused says where, and what was meant.
func TestWrongSpecFilesAreRefused(t *testing.T) {
	table := func(line string) string { return "tables:\n  orders:\n    " + line + "\n" }
	paced := func(line string) string { return "tables: {orders: }\npace:\n  " + line + "\n" }
	for _, test := range []struct{ name, text, problem, hint string }{
		{"an unknown key of a table", table("pk_bigit: true"), `3:5: unknown key "pk_bigit" in table "orders"`, "did you mean pk_bigint?"},
		{"a flag for a key", table("pk-bigint: true"), `3:5: unknown key "pk-bigint"`, "did you mean pk_bigint?"},
		{"another flag for a key", table("drop-constraint: x"), `3:5: unknown key`, "did you mean drop_constraints?"},
		{"a key far from any", table("xyzzy: 1"), `3:5: unknown key "xyzzy"`, "the keys here are: alter, using, "},
		{"pace in a table", table("workers: 4"), `3:5: unknown key "workers"`, "workers belongs under pace"},
		{"a change among pace", paced("alter: DROP x"), `3:3: unknown key "alter" in pace`, "alter belongs under a table"},
		{"a key in the wrong place", "tables: {orders: }\nalter: DROP x\n", `2:1: unknown key "alter" in a spec file`, "alter belongs under a table"},
		{"an unknown key at the left", "table: {orders: }\n", `1:1: unknown key "table"`, "did you mean tables?"},
		{"with_referencing in a table", table("with_referencing: true"), `3:5: unknown key`, "with_referencing belongs under no table, but at the left"},
		{"a merge key", "a: &a {}\n", `1:1: unknown key "a"`, ""},
		{"the same key twice", table("pk_bigint: true\n    pk_bigint: true"), `4:5: table "orders" has the key "pk_bigint" twice`, "the first is in line 3"},
		{"the same table twice", "tables:\n  a: {}\n  b: {}\n  a: {}\n", `4:3: tables has the key "a" twice`, "line 2"},
		{"no tables", "pace: {workers: 1}\n", "1:1: there are no tables", "for example: tables:"},
		{"no tables under tables", "tables:\n", "1:1: there are no tables", ""},
		{"nothing", "", "1:1: there are no tables", ""},
		{"nothing but a comment", "# nothing\n", "1:1: there are no tables", ""},
		{"a list of tables", "tables: [orders]\n", "1:9: tables must be a mapping", ""},
		{"text for a table", "tables: {orders: pk_bigint}\n", `1:18: table "orders" must be a mapping`, ""},
		{"text for a truth value", table("pk_bigint: 'true'"), "3:16: pk_bigint must be true or false", "for example: pk_bigint: true"},
		{"yes", table("pk_bigint: yes"), "3:16: pk_bigint must be true or false", ""},
		{"a number for text", table("tablespace: 9"), "3:17: tablespace must be text, and 9 is none", `put it in quotes if you mean it: "9"`},
		{"a mapping for text", table("alter: {a: b}"), "3:12: alter must be text", ""},
		{"a list in a list", table("alter: [[a]]"), "3:13: alter must be text", ""},
		{"an empty alter", table("alter: ' '"), "3:12: alter is empty", "for example: alter: ALTER COLUMN"},
		{"nothing for alter", table("alter:"), "3:11: alter has no value", ""},
		{"nothing for a column", table("using: {a: }"), "3:16: using has no value", ""},
		{"text for using", table("using: a=b"), "3:12: using must be a mapping", "for example: using: {total: price * amount}"},
		{"binary", table("tablespace: !!binary eA=="), "3:17: tablespace must be text", ""},
		{"wrong columns", table("order_by: a b"), `3:15: order_by "a b" is not a list of columns`, `for example: order_by: customer_id, "Created at"`},
		{"an operator that is a comment", table("using:\n      a: b #>> '{c}'"), "4:10: there is a # behind using", "put all of it in quotes"},
		{"another one", table("using: {a: 1 # 2\n      }"), "3:16: there is a # behind using", ""},
		{"one in lines", table("alter:\n      - ALTER a TYPE text\n        USING b #- '{c}'"), "4:9: there is a # behind alter", ""},
		{"one behind ümläuts", table("alter: [ADD ü int, DROP ä # x\n      ]"), "3:24: there is a # behind alter", ""},
		{"one behind a name", table("drop_constraints: a #b"), "3:23: there is a # behind drop_constraints", ""},
		{"a wrong parameter", table("set: {a=b: c}"), "3:16: set \"a=b=c\" is not NAME=VALUE", "for example: set: {fillfactor: 90}"},
		{"a wrong clause", table("partition_by: RANGE"), "3:19: partition_by 'RANGE': the column in parentheses is missing", "one of: 'RANGE (created_at)"},
		{"ahead of nothing", table("partitions_ahead: 3"), "3:23: partitions_ahead says nothing", "leave it out"},
		{"ahead of a hash", table("partition_by: HASH (id) 4\n    partitions_ahead: 3"), "partitions_ahead is for RANGE", ""},
		{"too far ahead", table("partition_by: RANGE (id) WIDTH 4\n    partitions_ahead: 3000"), "partitions_ahead 3000 is out of range", ""},
		{"half a partition", table("partition_by: RANGE (id) WIDTH 4\n    partitions_ahead: 1.5"), "4:23: partitions_ahead must be a whole number", ""},
		{"no number of workers", paced("workers: many"), `3:12: workers: "many" is not a whole number`, "for example: workers: 4"},
		{"no workers", paced("workers: 0"), "3:12: workers must be from 1 to 256", "for example: workers: 4"},
		{"a time without a unit", paced("batch_time: 5"), `3:15: batch_time: "5" is not a duration`, "for example: batch_time: 500ms"},
		{"a negative rate", paced("max_rate: -1"), "3:13: max_rate must not be negative", ""},
		{"an odd size", paced("max_slot_wal: lots"), "3:17: max_slot_wal must be a size", ""},
		{"a hidden flag", paced("skip_verify: true"), `3:3: unknown key "skip_verify" in pace`, ""},
		{"a list of workers", paced("workers: [4]"), "3:12: workers must be text", ""},
		{"referencing nothing", "tables: {a: }\nwith_referencing: true\n", "2:19: with_referencing needs a table with pk_bigint: true", ""},
		{"two documents", "tables: {a: }\n---\ntables: {b: }\n", "2:1: a second document begins", ""},
		{"an open bracket", "tables: {a: }\npace: [1, 2\nx: y\n", "did not find expected ',' or ']'", `a text with ": " in it needs quotes`},
		{"a tab", "tables:\n\ta:\n", "2:1: found character that cannot start any token", ""},
		{"an open quote", "tables:\n  a: 'x\n", "3:1: found unexpected end of stream", ""},
		{"no anchor", "tables: {a: *b}\n", "1:13: unknown anchor 'b' referenced", ""},
		{"a control character", "tables:\n  a: \x01\n", "2:6: control characters are not allowed", ""},
		{"no characters", "tables:\n  a: \xff\n", "2:6: ", ""},
		{"a list for a file", "- a\n", "1:1: a spec file must be a mapping", ""},
		{"a DSN", "tables: {'postgres://u:secret@h/d': }\n", "1:10: a name of a table looks like a DSN", "--dsn"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := specFileOf(t, test.text)
			for _, command := range []string{"plan", "run"} {
				got := repave(t, command, "-f", path)
				require.Equal(t, exitUsage, got.code, got.stderr)
				problem, hint, _ := strings.Cut(got.stderr, "\nhint: ")
				require.Contains(t, problem, "error: "+path+":")
				require.Contains(t, problem, test.problem)
				require.Contains(t, hint, test.hint)
				require.NotContains(t, got.stderr, "secret")
				require.Empty(t, got.stdout)
			}
		})
	}
}

func TestAllErrorsOfASpecFileAreTold(t *testing.T) {
	path := specFileOf(t, "pace: {workers: 0}\ntables:\n  a:\n    pk_bigit: true\n    set: 1\n  b: []\nxyz: 1\n")
	got := repave(t, "run", "-f", path)
	require.Equal(t, strings.ReplaceAll(`error: FILE has 5 errors:
  FILE:1:17: workers must be from 1 to 256
  FILE:4:5: unknown key "pk_bigit" in table "a"
  FILE:5:10: set must be a mapping of keys to values
  FILE:6:6: table "b" must be a mapping of keys to values
  FILE:7:1: unknown key "xyz" in a spec file
hint: line 1: for example: workers: 4
      line 4: did you mean pk_bigint?
      line 5: for example: set: {fillfactor: 90}
      line 6: for example: {pk_bigint: true}
      line 7: the keys here are: tables, with_referencing, pace
`, "FILE", path), got.stderr)
}

// TestASpecFileStandsAlone: what to change is said in one place.
func TestASpecFileStandsAlone(t *testing.T) {
	path := specFileOf(t, "tables: {orders: }\n")
	for _, test := range []struct{ args, problem, hint string }{
		{"--pk-bigint", "--pk-bigint and --file can't go together", "write it into the file"},
		{"--alter x", "--alter and --file can't go together", ""},
		{"--with-referencing", "--with-referencing and --file can't go together", ""},
		{"--partitions-ahead 3", "--partitions-ahead and --file can't go together", ""},
		{"orders lines", "--file names the tables, and so does the command line: orders lines", "write them into the file under tables"},
	} {
		for _, command := range []string{"run", "plan"} {
			got := repave(t, append([]string{command, "--file", path}, strings.Fields(test.args)...)...)
			require.Equal(t, exitUsage, got.code, got.stderr)
			require.Contains(t, got.stderr, "error: "+test.problem)
			require.Contains(t, got.stderr, test.hint)
		}
	}
	got := repave(t, "run", "-f", path, "--as-begun")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, "--file and --as-begun can't go together")
	require.Contains(t, repave(t, "run", "orders", "--as-begun", "--set", "fillfactor=9").stderr, "--set and --as-begun can't go together")
	got = repave(t, "plan", "-f", path+".not")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, "no such file")
	require.Contains(t, got.stderr, "hint: repave plan TABLE... --write-spec prints one")
	require.Equal(t, exitUsage, repave(t, "plan", "-f", t.TempDir()).code)
	require.Contains(t, repave(t, "plan", "-f", specFileOf(t, strings.Repeat("#", mostSpec+1))).stderr, "larger than 1 MB")
}

// TestDocumentedSpecsAreRight reads the files in the documentation, of which one
// has every key.
func TestDocumentedSpecsAreRight(t *testing.T) {
	for _, name := range []string{"README.md", "docs/spec.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		require.NoError(t, err)
		found := 0
		for _, block := range strings.Split(string(text), "```yaml\n")[1:] {
			block, _, _ = strings.Cut(block, "```")
			_, err := parseSpec(name, []byte(block))
			require.NoError(t, err)
			found++
			if name == "README.md" {
				continue
			}
			for _, key := range append(tableNames(), paceNames()...) {
				require.Contains(t, block, " "+key+":")
			}
		}
		require.Equal(t, 1, found)
	}
	path := specFileOf(t, "tables:\n  orders:\n    pk_bigit: true\n\n\npace:\n  workers: 0\n")
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "spec.md"))
	require.NoError(t, err)
	require.Contains(t, string(text), strings.ReplaceAll(repave(t, "run", "-f", path).stderr, path, "rewrite.yaml"))
}
