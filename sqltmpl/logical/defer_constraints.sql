-- logical/defer_constraints.sql
-- Check deferrable constraints when the transaction ends, as only then it is what the other side committed.
--
-- lock: none
-- runs: first in an apply transaction
SET CONSTRAINTS ALL DEFERRED
