-- changelog/take_all.sql
-- Take every visible log row.
--
-- lock: ROW EXCLUSIVE on the log
-- runs: inside a round
WITH taken AS (
    DELETE FROM {{.Log}}
    RETURNING repave_kind{{range .Keys}}, {{.Log}}{{end}}
)
INSERT INTO pg_temp.{{.KeysTable}} (repave_kind{{range .Keys}}, {{.Log}}{{end}})
SELECT DISTINCT repave_kind{{range .Keys}}, {{.Log}}{{end}}
FROM taken
