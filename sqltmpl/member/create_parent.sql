-- member/create_parent.sql
-- Create an empty table that is partitioned like one of a user's, to try things on.
--
-- lock: ACCESS SHARE on the one it is like
-- runs: inside a transaction that is rolled back, or that drops it
CREATE TABLE {{.Table}} (LIKE {{.Like}}) PARTITION BY {{.Key}}
