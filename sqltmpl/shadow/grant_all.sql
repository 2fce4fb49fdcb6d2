-- shadow/grant_all.sql
-- Give an owner back all that owners have by default.
--
-- lock: ACCESS SHARE on the catalogs
-- runs: inside setup
GRANT ALL ON {{if .Sequence}}SEQUENCE{{else}}TABLE{{end}} {{.Object}} TO {{.Grantee}}
