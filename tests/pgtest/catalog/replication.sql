SELECT 'slot ' || s.slot_name, jsonb_build_object('plugin', s.plugin, 'temporary', s.temporary)
FROM pg_replication_slots s
WHERE s.database = current_database()
UNION ALL
SELECT 'subscription ' || s.subname, jsonb_build_object(
    'owner', pg_get_userbyid(s.subowner),
    'enabled', s.subenabled,
    'slot', s.subslotname,
    'publications', array_to_string(s.subpublications, ', '))
FROM pg_subscription s
JOIN pg_database d ON d.oid = s.subdbid
WHERE d.datname = current_database()
