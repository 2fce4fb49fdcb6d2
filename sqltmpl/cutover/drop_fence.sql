-- cutover/drop_fence.sql
-- Drop the fence's function, once no table has its trigger.
--
-- lock: none
-- runs: inside a transaction
DROP FUNCTION IF EXISTS {{.Function}}()
