-- logical/mark_publication.sql
-- Write down on a publication in which transaction it was made.
--
-- lock: SHARE UPDATE EXCLUSIVE on the publication
-- runs: inside a transaction
COMMENT ON PUBLICATION {{.Name}} IS {{.Mark}}
