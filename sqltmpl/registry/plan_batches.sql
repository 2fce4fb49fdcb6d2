-- registry/plan_batches.sql
-- Cut the pages of a table, or of each of its partitions, into ranges of at most @size pages.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that read the page count
INSERT INTO {{.Schema}}.batch (job_id, table_number, batch_number, first_page, next_page, end_page)
SELECT @job_id, @table_number, row_number() OVER (ORDER BY page), page, page,
    least(page + @size::bigint, p.first_page + p.pages)
FROM ROWS FROM (pg_catalog.unnest(@first::bigint[]), pg_catalog.unnest(@pages::bigint[])) AS p (first_page, pages)
CROSS JOIN LATERAL pg_catalog.generate_series(p.first_page, p.first_page + p.pages - 1, @size::bigint) AS page
