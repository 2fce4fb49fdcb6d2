-- swap/lock_view.sql
-- Lock a view or materialized view by setting the owner that it has: LOCK TABLE would lock all the tables under it as well.
--
-- lock: ACCESS EXCLUSIVE on the view
-- runs: in the swap's transaction
ALTER TABLE {{.View}} OWNER TO {{.Owner}}
