-- logical/drop_publication.sql
-- Drop a publication of ours; may run twice.
--
-- lock: ACCESS EXCLUSIVE on the publication
-- runs: anywhere
DROP PUBLICATION IF EXISTS {{.Name}}
