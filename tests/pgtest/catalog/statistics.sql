SELECT format('statistics %I.%I', n.nspname, s.stxname), jsonb_build_object(
    'definition', pg_get_statisticsobjdef(s.oid),
    'owner', pg_get_userbyid(s.stxowner),
    'target', nullif(s.stxstattarget, -1))
FROM pg_statistic_ext s
JOIN user_schema n ON n.oid = s.stxnamespace
