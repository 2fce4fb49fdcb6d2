-- preflight/find_leftovers.sql
-- Find what a job left that the registry knows nothing of: its triggers on the table, and what else has its names.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere, for a table without a job
WITH jobs AS (
    SELECT DISTINCT pg_catalog.substring(t.tgname::text, '^repave_[0-9]+_[0-9]+_') AS prefix
    FROM pg_catalog.pg_trigger t
    JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE t.tgrelid = @oid::oid
        AND n.nspname = @registry
        AND t.tgname ~ '^repave_[0-9]+_[0-9]+_'
)
SELECT jobs.prefix || '*' AS what,
    pg_catalog.concat_ws('; ',
        (SELECT pg_catalog.string_agg(pg_catalog.format('DROP TRIGGER %I ON %s', t.tgname,
                t.tgrelid::pg_catalog.regclass), '; ' ORDER BY t.tgname)
            FROM pg_catalog.pg_trigger t
            WHERE t.tgrelid = @oid::oid AND pg_catalog.starts_with(t.tgname::text, jobs.prefix)),
        (SELECT pg_catalog.string_agg(pg_catalog.format('DROP TABLE %s', c.oid::pg_catalog.regclass), '; ' ORDER BY c.relname)
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = @registry AND c.relkind = 'r' AND pg_catalog.starts_with(c.relname::text, jobs.prefix)),
        (SELECT pg_catalog.string_agg(pg_catalog.format('DROP FUNCTION %s', p.oid::pg_catalog.regprocedure), '; ' ORDER BY p.proname)
            FROM pg_catalog.pg_proc p
            JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
            WHERE n.nspname = @registry AND pg_catalog.starts_with(p.proname::text, jobs.prefix))) AS cure
FROM jobs
ORDER BY what
