-- shadow/index_head.sql
-- Write the beginning of CREATE INDEX as pg_get_indexdef does.
--
-- lock: none
-- runs: anywhere
SELECT pg_catalog.format(
    'CREATE %sINDEX %I ON %s%I.%I ', CASE WHEN @unique THEN 'UNIQUE ' ELSE '' END,
    @name::text, CASE WHEN @only THEN 'ONLY ' ELSE '' END, @schema::text, @table::text
)
