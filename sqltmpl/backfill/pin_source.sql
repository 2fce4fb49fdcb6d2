-- backfill/pin_source.sql
-- Keep rewrites and TRUNCATE out until the batch has committed.
--
-- lock: ACCESS SHARE on the source
-- runs: first in the batch transaction
LOCK TABLE {{.Source}} IN ACCESS SHARE MODE
