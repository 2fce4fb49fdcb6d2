-- cutover/is_broken.sql
-- Whether rows break a foreign key.
--
-- lock: ACCESS SHARE on both tables
-- runs: anywhere
SELECT EXISTS (SELECT FROM {{.Table}} AS c WHERE {{.Broken}})
