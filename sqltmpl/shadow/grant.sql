-- shadow/grant.sql
-- Grant privileges on a table or a sequence.
--
-- lock: ACCESS SHARE on the catalogs
-- runs: inside setup
GRANT {{.Privileges}} ON {{if .Sequence}}SEQUENCE{{else}}TABLE{{end}} {{.Object}} TO {{.Grantee}}
{{- if .Grantable}} WITH GRANT OPTION{{end}}
