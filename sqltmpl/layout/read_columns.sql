-- layout/read_columns.sql
-- Read how the columns of a table are stored, dropped ones included: they are in every row as nulls.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere
SELECT a.attname::text AS name,
    CASE WHEN a.attisdropped THEN '' ELSE pg_catalog.format_type(a.atttypid, a.atttypmod) END AS type,
    a.attlen::int4 AS length,
    (CASE a.attalign WHEN 'c' THEN 1 WHEN 's' THEN 2 WHEN 'i' THEN 4 ELSE 8 END)::int4 AS align,
    a.attlen = -1 AND a.attstorage <> 'p' AS packable,
    a.attnotnull AS not_null,
    a.attisdropped AS dropped,
    a.attisdropped OR a.attgenerated = 'v' AS absent
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = @oid::oid AND a.attnum > 0
ORDER BY a.attnum
