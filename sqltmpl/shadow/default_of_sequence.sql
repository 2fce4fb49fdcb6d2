-- shadow/default_of_sequence.sql
-- Write a serial column's default as the server deparses it.
--
-- lock: none
-- runs: anywhere
SELECT pg_catalog.format('nextval(%L::regclass)', pg_catalog.format('%I.%I', @schema::text, @name::text))
