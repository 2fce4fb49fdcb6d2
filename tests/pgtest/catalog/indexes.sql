SELECT 'index ' || c.oid::regclass::text, jsonb_build_object(
    'definition', pg_get_indexdef(i.indexrelid),
    'unique', i.indisunique,
    'primary', i.indisprimary,
    'exclusion', i.indisexclusion,
    'immediate', i.indimmediate,
    'valid', i.indisvalid,
    'ready', i.indisready,
    'live', i.indislive,
    'clustered', i.indisclustered,
    'replica identity', i.indisreplident,
    'owner', pg_get_userbyid(c.relowner),
    'tablespace', (SELECT spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace),
    'parent', (SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = c.oid),
    'statistics targets', (SELECT string_agg(a.attnum || ': ' || a.attstattarget, ', ' ORDER BY a.attnum)
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attstattarget >= 0))
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN user_schema n ON n.oid = c.relnamespace
