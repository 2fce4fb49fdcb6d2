SELECT 'type ' || t.oid::regtype::text, jsonb_build_object(
    'kind', t.typtype,
    'owner', pg_get_userbyid(t.typowner),
    'acl', {{acl "t.typacl" "'T'" "t.typowner"}},
    'base', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
    'not null', t.typnotnull,
    'default', t.typdefault,
    'labels', (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
    'range of', (SELECT rngsubtype::regtype FROM pg_range WHERE rngtypid = t.oid))
FROM pg_type t
JOIN user_schema n ON n.oid = t.typnamespace
WHERE t.typtype IN ('b', 'd', 'e', 'm', 'r')
    -- Not the array types that come with others.
    AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
