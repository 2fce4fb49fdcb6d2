-- logical/publication_mark.sql
-- The transaction in which a publication was made, or altered last.
--
-- lock: none
-- runs: anywhere
SELECT p.xmin::text FROM pg_catalog.pg_publication AS p WHERE p.pubname = @name
