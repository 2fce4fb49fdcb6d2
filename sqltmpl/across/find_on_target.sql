-- across/find_on_target.sql
-- What the target has where a table is to be: whether there is such a schema, and which relation or type has the name.
--
-- lock: none
-- runs: anywhere
SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = @schema) AS schema_exists,
    coalesce((
        SELECT CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN 'TABLE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
            WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE' WHEN 'c' THEN 'TYPE' ELSE 'INDEX' END
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = @schema AND c.relname = @name
    ), (
        -- An array type moves away by itself.
        SELECT CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END
        FROM pg_catalog.pg_type t
        JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        WHERE n.nspname = @schema AND t.typname = @name AND t.typcategory <> 'A'
    ), '') AS kind
