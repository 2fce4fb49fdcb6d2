SELECT format('rule %I on %s', r.rulename, c.oid::regclass), jsonb_build_object(
    'definition', pg_get_ruledef(r.oid),
    'enabled', r.ev_enabled)
FROM pg_rewrite r
JOIN pg_class c ON c.oid = r.ev_class
JOIN user_schema n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN'
