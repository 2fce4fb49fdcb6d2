SELECT 'function ' || p.oid::regprocedure::text, jsonb_build_object(
    'kind', p.prokind,
    'definition', CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END,
    'result', pg_get_function_result(p.oid),
    'owner', pg_get_userbyid(p.proowner),
    'acl', {{acl "p.proacl" "'f'" "p.proowner"}})
FROM pg_proc p
JOIN user_schema n ON n.oid = p.pronamespace
