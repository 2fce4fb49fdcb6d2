-- shadow/alter_table.sql
-- Run the operator's list of actions on the empty shadow.
--
-- lock: ACCESS EXCLUSIVE on the shadow
-- runs: inside setup, as a single statement of the extended protocol
ALTER TABLE {{.Table}} {{.Actions}}
