SELECT format('constraint %I on %s', k.conname,
        CASE WHEN k.conrelid <> 0 THEN k.conrelid::regclass::text ELSE k.contypid::regtype::text END), jsonb_build_object(
    'type', k.contype,
    'definition', pg_get_constraintdef(k.oid),
    'deferrable', k.condeferrable,
    'deferred', k.condeferred,
    'validated', k.convalidated,
    'enforced', to_jsonb(k) -> 'conenforced',
    'local', k.conislocal,
    'inherited', k.coninhcount,
    -- Of a key it says nothing but who made it: the server for a partition, or anybody before it was taken in; nothing reads it.
    'no inherit', CASE WHEN k.contype IN ('c', 'n') THEN k.connoinherit END,
    'index', nullif(k.conindid, 0)::regclass,
    'parent', (SELECT format('%I on %s', p.conname, p.conrelid::regclass) FROM pg_constraint p WHERE p.oid = k.conparentid),
    -- ALTER TABLE DISABLE TRIGGER ALL disables foreign keys.
    'triggers', (SELECT string_agg(format('%s %s %s', t.tgrelid::regclass, t.tgfoid::regproc, t.tgenabled), ', '
            ORDER BY t.tgrelid::regclass::text, t.tgfoid::regproc::text)
        FROM pg_trigger t WHERE t.tgconstraint = k.oid AND t.tgisinternal))
FROM pg_constraint k
JOIN user_schema n ON n.oid = k.connamespace
WHERE k.contype <> 't'
