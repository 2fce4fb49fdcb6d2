SELECT format('default privileges of %I in %s for %s', pg_get_userbyid(d.defaclrole),
        coalesce(n.nspname, 'all schemas'), d.defaclobjtype), jsonb_build_object(
    'acl', {{acl "d.defaclacl" "'r'" "d.defaclrole"}})
FROM pg_default_acl d
LEFT JOIN user_schema n ON n.oid = d.defaclnamespace
WHERE d.defaclnamespace = 0 OR n.oid IS NOT NULL
