-- changelog/capture_state.sql
-- Whether the capture's triggers are in place: 2 if both fire always.
--
-- lock: ACCESS SHARE on pg_trigger
-- runs: anywhere
SELECT count(*)
FROM pg_catalog.pg_trigger
WHERE tgrelid = @relation
    AND tgname = ANY (@triggers)
    AND tgenabled = 'A'
