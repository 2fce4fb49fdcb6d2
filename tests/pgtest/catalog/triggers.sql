SELECT format('trigger %I on %s', t.tgname, c.oid::regclass), jsonb_build_object(
    'definition', pg_get_triggerdef(t.oid),
    'enabled', t.tgenabled,
    'parent', (SELECT p.tgrelid::regclass FROM pg_trigger p WHERE p.oid = t.tgparentid))
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
JOIN user_schema n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal
