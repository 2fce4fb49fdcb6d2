SELECT 'relation ' || c.oid::regclass::text, jsonb_build_object(
    'kind', c.relkind,
    'persistence', c.relpersistence,
    'owner', pg_get_userbyid(c.relowner),
    'acl', {{acl "c.relacl" `CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END` "c.relowner"}},
    'options', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(c.reloptions) o),
    'toast options', (SELECT string_agg(o, ', ' ORDER BY o) FROM pg_class t, unnest(t.reloptions) o WHERE t.oid = c.reltoastrelid),
    'tablespace', (SELECT spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace),
    'access method', (SELECT amname FROM pg_am a WHERE a.oid = c.relam),
    'row security', c.relrowsecurity,
    'forced row security', c.relforcerowsecurity,
    'replica identity', c.relreplident,
    'populated', c.relispopulated,
    'partition bound', pg_get_expr(c.relpartbound, c.oid),
    'partition key', CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
    'row type acl', (SELECT {{acl "t.typacl" "'T'" "t.typowner"}} FROM pg_type t WHERE t.oid = c.reltype),
    'of type', nullif(c.reloftype, 0)::regtype,
    'array type', (SELECT a.typname FROM pg_type t JOIN pg_type a ON a.oid = t.typarray WHERE t.oid = c.reltype),
    'parents', (SELECT string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = c.oid),
    'foreign server', (SELECT srvname FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid),
    'view', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END)
FROM pg_class c
JOIN user_schema n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
