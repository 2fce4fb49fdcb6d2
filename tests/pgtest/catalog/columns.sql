SELECT 'column ' || c.oid::regclass::text || '.' || quote_ident(a.attname), jsonb_build_object(
    'position', row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum),
    'type', format_type(a.atttypid, a.atttypmod),
    'not null', a.attnotnull,
    'default', pg_get_expr(d.adbin, d.adrelid),
    'identity', nullif(a.attidentity, ''),
    'generated', nullif(a.attgenerated, ''),
    'collation', (SELECT quote_ident(n.nspname) || '.' || quote_ident(l.collname)
        FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = a.attcollation),
    'storage', a.attstorage,
    'compression', nullif(a.attcompression, ''),
    -- NULL stands for the default since 17, -1 before.
    'statistics target', nullif(a.attstattarget, -1),
    -- pg_attver is the server's own, in some builds.
    'options', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg\_attver=%'),
    'foreign options', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(a.attfdwoptions) o),
    'local', a.attislocal,
    'inherited', a.attinhcount,
    'acl', {{acl "a.attacl" "'c'" "c.relowner"}})
FROM pg_class c
JOIN user_schema n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
