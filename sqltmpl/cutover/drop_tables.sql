-- cutover/drop_tables.sql
-- Drop tables that were moved, all at once since foreign keys may tie them, and nothing that somebody else made of them.
--
-- lock: ACCESS EXCLUSIVE on the tables
-- runs: inside a transaction
DROP TABLE {{range $i, $table := .Tables}}{{if $i}}, {{end}}{{$table}}{{end}}
