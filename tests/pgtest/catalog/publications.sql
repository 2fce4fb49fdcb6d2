SELECT 'publication ' || quote_ident(p.pubname),
    to_jsonb(p) - '{oid,pubname,pubowner}'::text[] || jsonb_build_object('owner', pg_get_userbyid(p.pubowner))
FROM pg_publication p
UNION ALL
SELECT format('publication %I of %I.%I', t.pubname, t.schemaname, t.tablename),
    to_jsonb(t) - '{pubname,schemaname,tablename}'::text[] || jsonb_build_object('member', true)
FROM pg_publication_tables t
WHERE t.schemaname <> ALL (@except)
UNION ALL
-- What the view shows doesn't say whether a table was named, nor whether its
-- columns were: without a list, new columns are published as well.
SELECT format('publication %I of %s', p.pubname, r.prrelid::regclass),
    jsonb_build_object('named', true, 'columns named', to_jsonb(r) -> 'prattrs' <> 'null')
FROM pg_publication_rel r
JOIN pg_publication p ON p.oid = r.prpubid
JOIN pg_class c ON c.oid = r.prrelid
JOIN user_schema n ON n.oid = c.relnamespace
{{if ge .Version 15}}
UNION ALL
SELECT format('publication %I of schema %I', p.pubname, n.nspname), jsonb_build_object('named', true)
FROM pg_publication_namespace s
JOIN pg_publication p ON p.oid = s.pnpubid
JOIN user_schema n ON n.oid = s.pnnspid
{{end}}
