-- define/load_policies.sql
-- Read a table's policies, taken apart. The session's search_path must be empty.
--
-- lock: ACCESS SHARE on the catalogs
-- runs: anywhere
SELECT p.polname AS name, p.polpermissive AS permissive,
    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END AS command,
    ARRAY(
        SELECT CASE WHEN r = 0 THEN '' ELSE pg_catalog.pg_get_userbyid(r)::text END
        FROM pg_catalog.unnest(p.polroles) WITH ORDINALITY AS u (r, n) ORDER BY n
    ) AS roles,
    coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid), '') AS using,
    coalesce(pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), '') AS with_check,
    coalesce(pg_catalog.obj_description(p.oid, 'pg_policy'), '') AS comment
FROM pg_catalog.pg_policy p
WHERE p.polrelid = @relation
ORDER BY p.polname
