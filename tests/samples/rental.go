package samples

import (
	"context"
	_ "embed"
	"math/rand/v2"

	"github.com/jackc/pgx/v5"
)

//go:embed rental.sql
var rentalSQL string

// rental is a shop that rents films: many foreign keys, full text, views, functions.
func rental() Sample {
	return Sample{
		Name: "rental shop", SQL: rentalSQL, Schema: "rental",
		Tables: []string{"film", "rental"}, Together: []string{"rental", "payment"},
		Widened: `\.(film_id|fid|customer_id|id|rental_id|payment_id): type: integer -> bigint$|^. sequence rental\.\w+_seq: (type|max): `,
		Actions: []Action{rent, rent, takeBack, buyFilm, describeFilm, browse},
		Rules: []string{
			`SELECT c.customer_id, spent, p.paid FROM rental.customer c JOIN (SELECT customer_id, sum(amount) AS paid FROM rental.payment GROUP BY 1) p USING (customer_id) WHERE spent <> paid`,
			`SELECT rental_id FROM rental.rental LEFT JOIN rental.payment USING (rental_id) WHERE payment_id IS NULL`,
			`SELECT film_id FROM rental.film WHERE fulltext <> to_tsvector('english', title || ' ' || coalesce(description, ''))`,
			`SELECT inventory_id FROM rental.rental WHERE return_date IS NULL GROUP BY 1 HAVING count(*) > 1`,
			`SELECT 1 FROM rental.film_list HAVING count(*) < (SELECT count(*) FROM rental.film)`,
			`SELECT * FROM (SELECT sum(total_sales) AS s FROM rental.sales_by_store) v, (SELECT sum(amount) AS s FROM rental.payment) p WHERE v.s <> p.s`,
		},
	}
}

// rent rents out a film that is in the shop.
func rent(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	var inventory, id int64
	customer, staff := 1+r.IntN(600), 1+r.IntN(2)
	found, err := get(ctx, tx, []any{&inventory}, `SELECT inventory_id::bigint FROM rental.inventory WHERE inventory_id % 50 = $1 AND rental.inventory_in_stock(inventory_id)
		LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`, r.IntN(50))
	if err != nil || !found {
		return err
	}
	// Another customer may have rented it between our look and our lock.
	found, err = get(ctx, tx, []any{&id}, `INSERT INTO rental.rental (rental_date, inventory_id, customer_id, staff_id) VALUES (now(), $1, $2, $3)
		ON CONFLICT (inventory_id) WHERE return_date IS NULL DO NOTHING RETURNING rental_id::bigint`, inventory, customer, staff)
	if err != nil || !found {
		return err
	}
	err = exec(ctx, tx, `INSERT INTO rental.payment (customer_id, staff_id, rental_id, amount, payment_date) VALUES ($1, $2, $3, 2.99, now())`, customer, staff, id)
	if err != nil {
		return err
	}
	return touch(ctx, tx, `UPDATE rental.customer SET spent = spent + 2.99 WHERE customer_id = $1`, customer)
}

// takeBack takes a film back.
func takeBack(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	return exec(ctx, tx, `UPDATE rental.rental SET return_date = now() WHERE rental_id = (SELECT rental_id FROM rental.rental
		WHERE return_date IS NULL AND inventory_id % 20 = $1 LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AND return_date IS NULL`, r.IntN(20))
}

// buyFilm adds a film with its actors and copies.
func buyFilm(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	var id int64
	_, err := get(ctx, tx, []any{&id}, `INSERT INTO rental.film (title, description, release_year, language_id, rating)
		VALUES ($1, 'brand new', 2024, $2, 'PG-13') RETURNING film_id::bigint`, "fresh film", 1+r.IntN(6))
	if err != nil {
		return err
	}
	for _, sql := range []string{
		`INSERT INTO rental.film_actor SELECT actor_id, $1 FROM rental.actor WHERE actor_id <= 3`,
		`INSERT INTO rental.film_category SELECT $1, category_id FROM rental.category WHERE category_id = 5`,
		`INSERT INTO rental.inventory (film_id, store_id) SELECT $1, store_id FROM rental.store`,
	} {
		if err := exec(ctx, tx, sql, id); err != nil {
			return err
		}
	}
	return nil
}

// describeFilm changes the text that is searched.
func describeFilm(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	return touch(ctx, tx, `UPDATE rental.film SET description = 'A changed story of ' || $2 WHERE film_id = $1`, 1+r.IntN(1000), "Größe")
}

// browse reads what the counter shows.
func browse(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	var n int64
	film := 1 + r.IntN(1000)
	for _, sql := range []string{
		`SELECT count(*) FROM rental.film_list WHERE fid = $1`,
		`SELECT count(*) FROM (SELECT rental.film_title(f) FROM rental.film f WHERE film_id = $1) q`,
		`SELECT 1 + count(*) FROM rental.film_in_stock($1, 1)`,
	} {
		if _, err := get(ctx, tx, []any{&n}, sql, film); err != nil {
			return err
		}
		if n < 1 {
			return errLacking(sql, film)
		}
	}
	return nil
}
