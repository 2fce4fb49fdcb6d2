-- session/hurry_commit.sql
-- Let COMMIT give locks back without waiting for the disk, or for a synchronous standby. A crash right then may lose the
-- transaction, but only together with all that came after it.
--
-- lock: none
-- runs: inside a transaction that holds locks others wait for
SET LOCAL synchronous_commit = off
