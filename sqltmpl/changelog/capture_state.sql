-- changelog/capture_state.sql
-- Whether the capture's triggers are in place: 2 if both fire always, on the table and on each of its partitions, at every depth.
--
-- lock: ACCESS SHARE on pg_trigger
-- runs: anywhere
WITH RECURSIVE tree AS (
    SELECT @relation::oid AS oid
    UNION ALL
    SELECT h.inhrelid
    FROM tree t
    JOIN pg_catalog.pg_inherits h ON h.inhparent = t.oid
    JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid AND c.relispartition
)
SELECT min((
    SELECT count(*)
    FROM pg_catalog.pg_trigger t
    WHERE t.tgrelid = r.oid
        AND t.tgname = ANY (@triggers)
        AND t.tgenabled = 'A'
))
FROM tree r
