-- shadow/revoke_all.sql
-- Revoke what a role has on a table or a sequence, as default privileges may have given it.
--
-- lock: ACCESS SHARE on the catalogs
-- runs: inside setup
REVOKE ALL ON {{if .Sequence}}SEQUENCE{{else}}TABLE{{end}} {{.Object}} FROM {{.Grantee}}
