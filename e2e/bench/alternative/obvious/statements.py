"""The SQL of an order, a statement a step. asyncpg prepares each once a connection and keeps it."""

SESSION = """
SELECT a.id FROM session s JOIN account a ON a.id = s.account_id
WHERE s.token_hash = $1 AND s.expires_at > now() AND s.ended_at IS NULL
"""

# Waits for another transaction that has the same key at hand, so a repeat sees its answer.
TAKE_KEY = """
INSERT INTO idempotency (account_id, key, request_hash, order_id, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
RETURNING true
"""

REMEMBERED = """
SELECT request_hash, order_id, refusal::text FROM idempotency WHERE account_id = $1 AND key = $2
"""

REMEMBER_REFUSAL = """
UPDATE idempotency SET order_id = NULL, refusal = $3::text::json
WHERE account_id = $1 AND key = $2
"""

BAR = "SELECT id, currency FROM bar WHERE id = $1"

PRODUCTS = """
SELECT p.id, p.name, p.price_minor, r.ingredient_id, r.quantity, i.is_exact
FROM product p
LEFT JOIN recipe_line r ON r.product_id = p.id
LEFT JOIN ingredient i ON i.id = r.ingredient_id
WHERE p.bar_id = $1 AND p.id = ANY($2::uuid[]) AND p.status = 'active'
"""

# Always in the same order, so that two orders never wait for each other.
LOCK_INGREDIENTS = """
SELECT id, name, on_hand - reserved AS available, threshold
FROM ingredient WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""

RESERVE = """
UPDATE ingredient i SET reserved = i.reserved + w.quantity, version = i.version + 1
FROM unnest($1::uuid[], $2::bigint[]) AS w(id, quantity)
WHERE i.id = w.id
"""

# A day that is already over (an order that was built before midnight) counts in the newer one.
NEXT_NUMBER = """
UPDATE bar SET
    order_number_last = CASE WHEN order_day >= $2 THEN order_number_last + 1 ELSE 1 END,
    order_day = GREATEST(order_day, $2)
WHERE id = $1
RETURNING order_number_last AS number, order_day
"""

INSERT_ORDER = """
INSERT INTO customer_order
    (id, bar_id, customer_id, business_day, number, status, total_minor, currency, placed_at)
VALUES ($1, $2, $3, $4, $5, 'placed', $6, $7, $8)
"""

INSERT_LINE = """
INSERT INTO order_line
    (order_id, position, product_id, name, quantity, note, unit_price_minor, total_minor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

INSERT_RESERVATION = """
INSERT INTO reservation (order_id, ingredient_id, quantity) VALUES ($1, $2, $3)
"""

INSERT_STATUS = """
INSERT INTO order_status (order_id, position, status, at) VALUES ($1, 0, 'placed', $2)
"""

OPEN_ALERT = """
INSERT INTO alert (ingredient_id, opened_at) VALUES ($1, $2) ON CONFLICT DO NOTHING
"""

ORDER = """
SELECT id, number, bar_id, customer_id, status, total_minor, currency, version, placed_at
FROM customer_order WHERE id = $1
"""

LINES = """
SELECT product_id, name, quantity, note, unit_price_minor, total_minor
FROM order_line WHERE order_id = $1 ORDER BY position
"""

HISTORY = "SELECT status, at FROM order_status WHERE order_id = $1 ORDER BY position"
