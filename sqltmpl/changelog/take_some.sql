-- changelog/take_some.sql
-- Take some log rows.
--
-- lock: ROW EXCLUSIVE on the log
-- runs: inside a drain
WITH taken AS (
    DELETE FROM {{.Log}}
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM {{.Log}} LIMIT @limit))
    RETURNING repave_kind{{range .Keys}}, {{.Log}}{{end}}
)
INSERT INTO pg_temp.{{.KeysTable}} (repave_kind{{range .Keys}}, {{.Log}}{{end}})
SELECT DISTINCT repave_kind{{range .Keys}}, {{.Log}}{{end}}
FROM taken
