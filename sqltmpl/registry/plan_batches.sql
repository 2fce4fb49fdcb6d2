-- registry/plan_batches.sql
-- Cut the pages of a table into ranges of at most @size pages.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that read the page count
INSERT INTO {{.Schema}}.batch (job_id, table_number, batch_number, first_page, next_page, end_page)
SELECT @job_id, @table_number, row_number() OVER (ORDER BY page), page, page,
    least(page + @size::bigint, @pages::bigint)
FROM pg_catalog.generate_series(0, @pages::bigint - 1, @size::bigint) AS page
