-- The part of a bar's tables that placing an order touches, laid out as one would by hand.
CREATE TABLE account (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    display_name text NOT NULL
);
CREATE TABLE session (
    token_hash bytea PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES account,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE TABLE bar (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    currency text NOT NULL,
    timezone text NOT NULL,
    order_day date,
    order_number_last bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE TABLE ingredient (
    id uuid PRIMARY KEY,
    bar_id uuid NOT NULL REFERENCES bar,
    name text NOT NULL,
    is_exact boolean NOT NULL,
    on_hand bigint NOT NULL,
    reserved bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0 AND on_hand >= reserved),
    threshold bigint,
    version bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 50);
CREATE TABLE product (
    id uuid PRIMARY KEY,
    bar_id uuid NOT NULL REFERENCES bar,
    name text NOT NULL,
    price_minor bigint NOT NULL,
    status text NOT NULL,
    recipe_version bigint NOT NULL DEFAULT 1
);
CREATE TABLE recipe_line (
    product_id uuid NOT NULL REFERENCES product,
    ingredient_id uuid NOT NULL REFERENCES ingredient,
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (product_id, ingredient_id)
);
-- Lines, reservation and history never change apart from their order: one row, as BiteByte has it.
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
CREATE TABLE alert (
    ingredient_id uuid PRIMARY KEY REFERENCES ingredient,
    opened_at timestamptz NOT NULL
);
