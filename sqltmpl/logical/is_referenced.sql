-- logical/is_referenced.sql
-- Whether foreign keys refer to a table.
--
-- lock: none
-- runs: anywhere
SELECT EXISTS (
    SELECT
    FROM pg_catalog.pg_constraint AS c
    JOIN pg_catalog.pg_class AS r ON r.oid = c.confrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = r.relnamespace
    WHERE c.contype = 'f' AND n.nspname = @schema AND r.relname = @name
)
