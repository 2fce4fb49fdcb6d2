-- shadow/set_options.sql
-- Set storage parameters of the shadow.
--
-- lock: ACCESS EXCLUSIVE on the shadow
-- runs: inside setup
ALTER TABLE {{.Table}} SET ({{.Options}})
