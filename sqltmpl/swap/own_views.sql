-- swap/own_views.sql
-- List the views of a job that are in a schema, each before those that it reads.
--
-- lock: none
-- runs: anywhere
WITH RECURSIVE own AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relkind
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('m', 'v') AND n.nspname = @schema AND pg_catalog.starts_with(c.relname, @prefix)
),
reads AS MATERIALIZED (
    SELECT DISTINCT w.ev_class AS reader, d.refobjid AS read
    FROM own o
    JOIN pg_catalog.pg_rewrite w ON w.ev_class = o.oid
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
        AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> o.oid
    JOIN own r ON r.oid = d.refobjid
),
deep AS (
    SELECT o.oid, 0 AS depth FROM own o
    UNION
    SELECT r.reader, d.depth + 1 FROM deep d JOIN reads r ON r.read = d.oid
)
SELECT o.relname AS name, o.relkind = 'm' AS materialized
FROM own o
ORDER BY (SELECT max(d.depth) FROM deep d WHERE d.oid = o.oid) DESC, o.oid DESC
