SELECT 'event trigger ' || quote_ident(e.evtname), jsonb_build_object(
    'event', e.evtevent,
    'function', e.evtfoid::regproc,
    'enabled', e.evtenabled,
    'tags', array_to_string(e.evttags, ', '),
    'owner', pg_get_userbyid(e.evtowner))
FROM pg_event_trigger e
