-- Orders in normal form. Indexes: keys, and what lists orders by customer or status needs.
CREATE TABLE customer_order (
    id uuid PRIMARY KEY,
    bar_id uuid NOT NULL REFERENCES bar,
    customer_id uuid NOT NULL REFERENCES account,
    business_day date NOT NULL,
    number bigint NOT NULL,
    status text NOT NULL,
    total_minor bigint NOT NULL,
    currency text NOT NULL,
    placed_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    UNIQUE (bar_id, business_day, number)
);
CREATE INDEX customer_order_by_customer ON customer_order (customer_id, id);
CREATE INDEX customer_order_by_status ON customer_order (bar_id, status, id);
CREATE TABLE order_line (
    order_id uuid NOT NULL REFERENCES customer_order,
    position int NOT NULL,
    product_id uuid NOT NULL REFERENCES product,
    name text NOT NULL,
    quantity int NOT NULL CHECK (quantity > 0),
    note text NOT NULL,
    unit_price_minor bigint NOT NULL,
    total_minor bigint NOT NULL,
    PRIMARY KEY (order_id, position)
);
CREATE TABLE reservation (
    order_id uuid NOT NULL REFERENCES customer_order,
    ingredient_id uuid NOT NULL REFERENCES ingredient,
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, ingredient_id)
);
CREATE INDEX reservation_by_ingredient ON reservation (ingredient_id);
CREATE TABLE order_status (
    order_id uuid NOT NULL REFERENCES customer_order,
    position int NOT NULL,
    status text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (order_id, position)
);
-- A key is taken before its order exists, so the order is looked up at the commit.
CREATE TABLE idempotency (
    account_id uuid NOT NULL REFERENCES account,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    order_id uuid REFERENCES customer_order DEFERRABLE INITIALLY DEFERRED,
    refusal json,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, key)
);
