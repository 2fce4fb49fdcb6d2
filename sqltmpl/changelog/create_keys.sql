-- changelog/create_keys.sql
-- Make this session's list of keys to resync; it is empty at the start of every transaction.
--
-- lock: none on users' tables
-- runs: anywhere; may run twice
CREATE TEMPORARY TABLE IF NOT EXISTS {{.Name}} (
    repave_kind "char" NOT NULL{{range .Keys}},
    {{.Log}} {{.Type}}{{with .Collation}} COLLATE {{.}}{{end}}{{end}},
    repave_locked boolean NOT NULL DEFAULT false,
    repave_present boolean NOT NULL DEFAULT false,
    repave_kept boolean NOT NULL DEFAULT false{{range .Kept}},
    {{.Variable}} {{.Type}}{{end}}
) ON COMMIT DELETE ROWS
