-- shadow/set_owner.sql
-- Give a table to its source's owner.
--
-- lock: ACCESS EXCLUSIVE on the shadow
-- runs: inside setup
ALTER TABLE {{.Table}} OWNER TO {{.Owner}}
