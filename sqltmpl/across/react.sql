-- across/react.sql
-- Whether the server does more for changes of these tables than they say, if they come from an ordinary session: triggers,
-- foreign keys and rules, of partitions as well. Whether a deferrable constraint holds is looked at by a trigger, which changes nothing.
--
-- lock: ACCESS SHARE on the catalogs
-- runs: anywhere
WITH tables AS (
    SELECT pg_catalog.unnest(@oids::oid[]) AS oid
    UNION
    SELECT p.relid FROM pg_catalog.unnest(@oids::oid[]) AS t (oid), pg_catalog.pg_partition_tree(t.oid) AS p
)
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_trigger g
    JOIN tables t ON t.oid = g.tgrelid
    WHERE g.tgenabled = 'O' AND g.tgfoid <> 'pg_catalog.unique_key_recheck()'::pg_catalog.regprocedure
) OR EXISTS (
    SELECT FROM pg_catalog.pg_rewrite w
    JOIN tables t ON t.oid = w.ev_class
    WHERE w.ev_enabled = 'O'
)
