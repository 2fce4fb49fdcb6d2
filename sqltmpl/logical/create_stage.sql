-- logical/create_stage.sql
-- The stage of one table: changes as they came, with the types that they had there.
--
-- lock: none on users' tables
-- runs: in a transaction of its own
CREATE TEMPORARY TABLE {{.Stage.Name}} (
    {{.Op}} "char",
    {{.Kept}} boolean[]{{range .Columns}},
    {{.Name}} {{.Type}}{{end}}
) ON COMMIT DELETE ROWS
