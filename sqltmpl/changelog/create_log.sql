-- changelog/create_log.sql
-- Make the change log: keys of the live table that changed, in no order.
-- No index and no constraint: a writer must never block on it or fail because of it.
--
-- lock: none on users' tables
-- runs: inside the setup transaction
CREATE TABLE {{.Log}} (
    repave_kind "char" NOT NULL DEFAULT 'K'{{range .Keys}},
    {{.Log}} {{.Type}}{{with .Collation}} COLLATE {{.}}{{end}}{{end}}
) WITH (autovacuum_enabled = false)
