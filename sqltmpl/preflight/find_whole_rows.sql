-- preflight/find_whole_rows.sql
-- Find indexes and checks of one table that use the row as a whole.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere
--
-- Their expressions are of the table's own row type. Column number 0 is the row.
SELECT 'index ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS what,
    'DROP INDEX CONCURRENTLY ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS cure
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.indrelid = @oid::oid AND (i.indexprs::text ~ ':varattno 0\M' OR i.indpred::text ~ ':varattno 0\M')
UNION ALL
SELECT 'check constraint ' || pg_catalog.quote_ident(k.conname),
    pg_catalog.format('ALTER TABLE %I.%I DROP CONSTRAINT %I', n.nspname, c.relname, k.conname)
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.conrelid = @oid::oid AND k.contype = 'c' AND k.conbin::text ~ ':varattno 0\M'
ORDER BY what
