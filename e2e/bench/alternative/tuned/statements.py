"""The SQL of an order. asyncpg prepares each once a connection and keeps it.

Few round trips, and locks as late and as short as they can be: the reads are outside the
transaction, which is then two statements long.
"""

SESSION = """
SELECT a.id, a.display_name FROM session s JOIN account a ON a.id = s.account_id
WHERE s.token_hash = $1 AND s.expires_at > now() AND s.ended_at IS NULL
"""

PRODUCTS = """
SELECT p.id, p.name, p.price_minor, p.recipe_version,
       array_agg(r.ingredient_id) FILTER (WHERE i.is_exact) AS ingredient_ids,
       array_agg(r.quantity) FILTER (WHERE i.is_exact) AS quantities
FROM product p
JOIN recipe_line r ON r.product_id = p.id
JOIN ingredient i ON i.id = r.ingredient_id
WHERE p.bar_id = $1 AND p.id = ANY($2::uuid[]) AND p.status = 'active'
GROUP BY p.id
"""

# Rows are locked in id order (the sort is below the lock), so two orders never deadlock.
# FOR UPDATE reads the newest committed version of each row, and nothing changes unless all
# suffice. Short ones come back with `is_short`.
RESERVE = """
WITH wanted AS (
    SELECT * FROM unnest($1::uuid[], $2::bigint[]) AS w(id, quantity)
), locked AS MATERIALIZED (
    SELECT i.id, i.name, i.on_hand - i.reserved AS available, i.threshold, w.quantity
    FROM ingredient i JOIN wanted w ON w.id = i.id
    ORDER BY i.id FOR UPDATE OF i
), changed AS (
    UPDATE ingredient i SET reserved = i.reserved + l.quantity, version = i.version + 1
    FROM locked l
    WHERE i.id = l.id AND NOT EXISTS (SELECT FROM locked WHERE available < quantity)
)
SELECT id, name, quantity, available, available < quantity AS is_short,
       available - quantity <= threshold AS is_low
FROM locked
"""

# A day that is already over (an order that was built before midnight) counts in the newer one.
PLACE = """
WITH numbered AS (
    UPDATE bar SET
        order_number_last = CASE WHEN order_day >= $4 THEN order_number_last + 1 ELSE 1 END,
        order_day = GREATEST(order_day, $4)
    WHERE id = $2
    RETURNING order_number_last, order_day, currency
), placed AS (
    INSERT INTO customer_order (id, bar_id, customer_id, business_day, number, status, lines,
        total_minor, currency, placed_at, reservation, history)
    SELECT $1, $2, $3, order_day, order_number_last, 'placed', $5::text::json, $6, currency, $7,
        $8::text::json, $9::text::json
    FROM numbered
    RETURNING number, currency
), remembered AS (
    INSERT INTO idempotency (account_id, key, request_hash, order_id, created_at)
    VALUES ($3, $10, $11, $1, $7)
)
SELECT number, currency FROM placed
"""

REMEMBER_REFUSAL = """
INSERT INTO idempotency (account_id, key, request_hash, refusal, created_at)
VALUES ($1, $2, $3, $4::text::json, now())
ON CONFLICT DO NOTHING
"""

REMEMBERED = """
SELECT request_hash, order_id, refusal::text FROM idempotency WHERE account_id = $1 AND key = $2
"""

ORDER = """
SELECT id, bar_id, customer_id, number, lines::text, total_minor, currency, placed_at
FROM customer_order WHERE id = $1
"""

OPEN_ALERTS = """
INSERT INTO alert (ingredient_id, opened_at) SELECT unnest($1::uuid[]), now()
ON CONFLICT DO NOTHING
"""
