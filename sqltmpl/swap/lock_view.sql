-- swap/lock_view.sql
-- Lock a view by setting the owner that it has: LOCK TABLE would lock all the tables under it as well.
--
-- lock: ACCESS EXCLUSIVE on the view
-- runs: in the swap's transaction
ALTER VIEW {{.View}} OWNER TO {{.Owner}}
