CREATE SCHEMA rental;
SET search_path = rental;
CREATE TYPE mpaa_rating AS ENUM ('G', 'PG', 'PG-13', 'R', 'NC-17');
CREATE DOMAIN year AS integer CONSTRAINT year_check CHECK (VALUE BETWEEN 1901 AND 2155);
CREATE FUNCTION last_updated() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.last_update = current_timestamp; RETURN NEW; END$$;
CREATE TABLE language (language_id serial PRIMARY KEY, name char(20) NOT NULL, last_update timestamptz NOT NULL DEFAULT now());
CREATE TABLE category (category_id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE actor (actor_id serial PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, last_update timestamptz NOT NULL DEFAULT now());
CREATE TABLE store (store_id serial PRIMARY KEY, address text NOT NULL);
CREATE TABLE staff (staff_id serial PRIMARY KEY, name text NOT NULL, store_id int NOT NULL REFERENCES store, picture bytea);
ALTER TABLE store ADD COLUMN manager_staff_id int CONSTRAINT store_manager_fkey REFERENCES staff ON UPDATE CASCADE ON DELETE RESTRICT DEFERRABLE;
CREATE TABLE film (
	film_id serial PRIMARY KEY, title text NOT NULL, description text, release_year year,
	language_id int NOT NULL REFERENCES language ON UPDATE CASCADE ON DELETE RESTRICT,
	original_language_id int REFERENCES language ON UPDATE CASCADE ON DELETE RESTRICT,
	rental_duration smallint NOT NULL DEFAULT 3, rental_rate numeric(4,2) NOT NULL DEFAULT 4.99, length smallint,
	replacement_cost numeric(5,2) NOT NULL DEFAULT 19.99, rating mpaa_rating DEFAULT 'G', last_update timestamptz NOT NULL DEFAULT now(),
	special_features text[], fulltext tsvector NOT NULL,
	CONSTRAINT "length > 0" CHECK (length IS NULL OR length > 0)
);
CREATE INDEX film_fulltext_idx ON film USING gist (fulltext);
CREATE INDEX idx_title ON film (title);
CREATE INDEX film_features ON film USING gin (special_features);
CREATE TRIGGER film_fulltext_trigger BEFORE INSERT OR UPDATE ON film
	FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger('fulltext', 'pg_catalog.english', 'title', 'description');
CREATE TRIGGER last_updated BEFORE UPDATE ON film FOR EACH ROW EXECUTE FUNCTION last_updated();
CREATE TABLE film_actor (actor_id int NOT NULL REFERENCES actor ON UPDATE CASCADE, film_id int NOT NULL REFERENCES film ON UPDATE CASCADE ON DELETE RESTRICT,
	PRIMARY KEY (actor_id, film_id));
CREATE INDEX idx_fk_film_id ON film_actor (film_id);
CREATE TABLE film_category (film_id int NOT NULL REFERENCES film ON UPDATE CASCADE, category_id int NOT NULL REFERENCES category, PRIMARY KEY (film_id, category_id));
CREATE TABLE customer (customer_id serial PRIMARY KEY, store_id int NOT NULL REFERENCES store, first_name text NOT NULL, last_name text NOT NULL, email text,
	activebool boolean NOT NULL DEFAULT true, create_date date NOT NULL DEFAULT current_date, last_update timestamptz DEFAULT now(), spent numeric NOT NULL DEFAULT 0);
CREATE INDEX idx_last_name ON customer (last_name);
CREATE TRIGGER last_updated BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION last_updated();
CREATE TABLE inventory (inventory_id serial PRIMARY KEY, film_id int NOT NULL REFERENCES film ON UPDATE CASCADE ON DELETE RESTRICT, store_id int NOT NULL REFERENCES store,
	last_update timestamptz NOT NULL DEFAULT now());
CREATE INDEX idx_store_id_film_id ON inventory (store_id, film_id);
CREATE TABLE rental (rental_id serial PRIMARY KEY, rental_date timestamptz NOT NULL, inventory_id int NOT NULL REFERENCES inventory ON UPDATE CASCADE ON DELETE RESTRICT,
	customer_id int NOT NULL REFERENCES customer ON UPDATE CASCADE ON DELETE RESTRICT, return_date timestamptz, staff_id int NOT NULL REFERENCES staff,
	last_update timestamptz NOT NULL DEFAULT now(), CHECK (return_date >= rental_date));
CREATE UNIQUE INDEX rental_open ON rental (inventory_id) WHERE return_date IS NULL;
CREATE INDEX idx_fk_inventory_id ON rental (inventory_id);
CREATE INDEX rental_by_customer ON rental (customer_id, rental_date DESC);
CREATE TRIGGER last_updated BEFORE UPDATE ON rental FOR EACH ROW EXECUTE FUNCTION last_updated();
CREATE TABLE payment (payment_id serial PRIMARY KEY, customer_id int NOT NULL REFERENCES customer, staff_id int NOT NULL REFERENCES staff,
	rental_id int NOT NULL REFERENCES rental ON UPDATE CASCADE ON DELETE CASCADE, amount numeric(5,2) NOT NULL, payment_date timestamptz NOT NULL);
CREATE INDEX idx_fk_payment_rental ON payment (rental_id);
CREATE VIEW film_list AS SELECT f.film_id AS fid, f.title, f.description, c.name AS category, f.rental_rate AS price, f.length, f.rating,
	(SELECT string_agg(a.first_name || ' ' || a.last_name, ', ' ORDER BY a.actor_id) FROM actor a JOIN film_actor fa USING (actor_id) WHERE fa.film_id = f.film_id) AS actors
	FROM film f LEFT JOIN film_category fc USING (film_id) LEFT JOIN category c USING (category_id);
CREATE VIEW nicer_film_list AS SELECT fid, initcap(title) AS title, price FROM film_list;
CREATE VIEW sales_by_store AS SELECT s.store_id, sum(p.amount) AS total_sales FROM payment p JOIN rental r USING (rental_id) JOIN inventory i USING (inventory_id) JOIN store s USING (store_id) GROUP BY s.store_id;
CREATE VIEW customer_list AS SELECT customer_id AS id, first_name || ' ' || last_name AS name, CASE WHEN activebool THEN 'active' ELSE '' END AS notes FROM customer;
CREATE MATERIALIZED VIEW rental_by_category AS SELECT c.name AS category, sum(p.amount) AS total_sales
	FROM payment p JOIN rental r USING (rental_id) JOIN inventory i USING (inventory_id) JOIN film_category fc USING (film_id) JOIN category c USING (category_id) GROUP BY c.name;
CREATE UNIQUE INDEX rental_category ON rental_by_category (category);
CREATE FUNCTION inventory_in_stock(p_inventory_id int) RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = rental AS
	$$BEGIN RETURN NOT EXISTS (SELECT FROM rental WHERE inventory_id = p_inventory_id AND return_date IS NULL); END$$;
CREATE FUNCTION film_in_stock(p_film_id int, p_store_id int) RETURNS SETOF int LANGUAGE sql STABLE
	BEGIN ATOMIC SELECT inventory_id FROM inventory WHERE film_id = p_film_id AND store_id = p_store_id AND inventory_in_stock(inventory_id); END;
CREATE FUNCTION film_title(f film) RETURNS text LANGUAGE sql STABLE AS 'SELECT f.title || '' ('' || f.release_year || '')''';
COMMENT ON TABLE film IS 'what is rented'; COMMENT ON COLUMN rental.return_date IS 'not yet: NULL'; COMMENT ON VIEW film_list IS 'for the counter';
GRANT SELECT ON film, film_list, rental_by_category TO pg_read_all_stats; GRANT USAGE ON SEQUENCE film_film_id_seq TO pg_monitor;
INSERT INTO language (name) SELECT 'language ' || g FROM generate_series(1, 6) g;
INSERT INTO category (name) SELECT 'category ' || g FROM generate_series(1, 16) g;
INSERT INTO actor (first_name, last_name) SELECT 'first ' || g, 'last ' || g % 50 FROM generate_series(1, 200) g;
INSERT INTO store (address) VALUES ('one'), ('two');
INSERT INTO staff (name, store_id) VALUES ('Mike', 1), ('Jon', 2); UPDATE store SET manager_staff_id = store_id;
INSERT INTO film (title, description, release_year, language_id, length, rating, special_features)
	SELECT 'film ' || g, 'A tale of a ' || CASE g % 3 WHEN 0 THEN 'dog' WHEN 1 THEN 'pioneer' ELSE 'cat' END || repeat(' and more', g % 60), 1950 + g % 70, 1 + g % 6, 50 + g % 100,
	(enum_range(NULL::mpaa_rating))[1 + g % 5], ARRAY['Trailers', 'it''s {odd}'] FROM generate_series(1, 1000) g;
INSERT INTO film_actor SELECT DISTINCT 1 + g % 200, 1 + g * 7 % 1000 FROM generate_series(1, 5000) g;
INSERT INTO film_category SELECT g, 1 + g % 16 FROM generate_series(1, 1000) g;
INSERT INTO customer (store_id, first_name, last_name, email) SELECT 1 + g % 2, 'f' || g, 'l' || g, g || '@example.org' FROM generate_series(1, 600) g;
INSERT INTO inventory (film_id, store_id) SELECT 1 + g % 1000, 1 + g % 2 FROM generate_series(1, 4500) g;
INSERT INTO rental (rental_date, inventory_id, customer_id, return_date, staff_id)
	SELECT timestamptz '2025-05-24' + g * interval '1 hour', 1 + g % 4500, 1 + g % 600, CASE WHEN g <= 8000 THEN timestamptz '2025-05-24' + g * interval '1 hour' + interval '3 days' END, 1 + g % 2
	FROM generate_series(1, 9000) g;
INSERT INTO payment (customer_id, staff_id, rental_id, amount, payment_date) SELECT customer_id, staff_id, rental_id, 4.99, rental_date FROM rental;
UPDATE customer c SET spent = (SELECT coalesce(sum(amount), 0) FROM payment p WHERE p.customer_id = c.customer_id);
REFRESH MATERIALIZED VIEW rental_by_category;
RESET search_path;
