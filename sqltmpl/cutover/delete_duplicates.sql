-- cutover/delete_duplicates.sql
-- Of rows with the same key leave one: a row that moved while it was copied under several snapshots may be there
-- more than once. Which one does not matter, the stream brings the last. The table is no partitioned one.
--
-- lock: ROW EXCLUSIVE on the table
-- runs: inside a transaction that holds the pass
DELETE FROM {{.Table}} AS t
USING (
    SELECT d.ctid, row_number() OVER (PARTITION BY {{.Key}} ORDER BY d.ctid) AS n
    FROM {{.Table}} AS d
) AS numbered
WHERE t.ctid = numbered.ctid
    AND numbered.n > 1
