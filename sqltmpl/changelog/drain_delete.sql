-- changelog/drain_delete.sql
-- Delete from the standby the keys that are locked, or that have no live row. Rows that a writer
-- holds are skipped: its key goes back to the log. Only with its table does a ctid name one row: the standby may be
-- partitioned.
--
-- lock: ROW EXCLUSIVE on the standby
-- runs: inside a drain
WITH rows AS (
    SELECT t.tableoid AS repave_table, t.ctid AS repave_row
    FROM {{.Standby}} AS t
    JOIN pg_temp.{{.KeysTable}} AS k
        ON {{range $i, $k := .Keys}}{{if $i}}
    AND {{end}}t.{{$k.Standby}} {{$k.StandbyEq}} (k.{{$k.Log}}){{$k.Cast}}{{end}}
    WHERE k.repave_kind = 'K'
        AND (k.repave_locked OR NOT k.repave_present)
    FOR UPDATE OF t SKIP LOCKED
)
DELETE FROM {{.Standby}} AS t
USING rows
WHERE t.ctid = rows.repave_row
    AND t.tableoid = rows.repave_table
