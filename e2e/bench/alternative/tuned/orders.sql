-- Rows that every order changes: room on each page, so that an update touches no index.
ALTER TABLE bar SET (fillfactor = 50);
ALTER TABLE ingredient SET (fillfactor = 50);
-- Lines, reservation and history never change apart from their order: one row, as BiteByte has it.
-- No foreign keys: they would be looked up, and their rows locked, for each order.
CREATE TABLE customer_order (
    id uuid PRIMARY KEY,
    bar_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    business_day date NOT NULL,
    number bigint NOT NULL,
    status text NOT NULL,
    lines json NOT NULL,
    total_minor bigint NOT NULL,
    currency text NOT NULL,
    placed_at timestamptz NOT NULL,
    reservation json NOT NULL,
    history json NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    UNIQUE (bar_id, business_day, number)
);
CREATE INDEX customer_order_by_customer ON customer_order (customer_id, id);
CREATE INDEX customer_order_by_status ON customer_order (bar_id, status, id);
CREATE TABLE idempotency (
    account_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    order_id uuid,
    refusal json,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, key)
);
