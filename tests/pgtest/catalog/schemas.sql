SELECT 'schema ' || quote_ident(n.nspname), jsonb_build_object(
    'owner', pg_get_userbyid(n.nspowner),
    'acl', {{acl "n.nspacl" "'n'" "n.nspowner"}})
FROM user_schema JOIN pg_namespace n USING (oid)
