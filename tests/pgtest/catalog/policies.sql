SELECT format('policy %I on %s', p.polname, c.oid::regclass), jsonb_build_object(
    'command', p.polcmd,
    'permissive', p.polpermissive,
    'roles', (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(r) END, ', '
        ORDER BY pg_get_userbyid(r)) FROM unnest(p.polroles) r),
    'using', pg_get_expr(p.polqual, p.polrelid),
    'with check', pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_policy p
JOIN pg_class c ON c.oid = p.polrelid
JOIN user_schema n ON n.oid = c.relnamespace
