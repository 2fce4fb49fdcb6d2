-- session/table_name.sql
-- What a relation is called now, whoever renamed it; no row if it is gone.
--
-- lock: none
-- runs: anywhere
SELECT n.nspname::text AS schema_name, c.relname::text AS table_name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = @relation
