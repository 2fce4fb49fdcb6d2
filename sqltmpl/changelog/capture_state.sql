-- changelog/capture_state.sql
-- Whether the capture's triggers are in place: 2 if both fire always, on the table and on each of its partitions.
--
-- lock: ACCESS SHARE on pg_trigger
-- runs: anywhere
SELECT min((
    SELECT count(*)
    FROM pg_catalog.pg_trigger t
    WHERE t.tgrelid = r.oid
        AND t.tgname = ANY (@triggers)
        AND t.tgenabled = 'A'
))
FROM (
    SELECT @relation::oid AS oid
    UNION ALL
    SELECT h.inhrelid
    FROM pg_catalog.pg_inherits h
    WHERE h.inhparent = @relation::oid
) AS r
