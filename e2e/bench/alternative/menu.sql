-- The bar, its menu and its customers, the same for both alternatives: all that is there before
-- the first order.
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
);
CREATE TABLE ingredient (
    id uuid PRIMARY KEY,
    bar_id uuid NOT NULL REFERENCES bar,
    name text NOT NULL,
    is_exact boolean NOT NULL,
    on_hand bigint NOT NULL,
    reserved bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0 AND on_hand >= reserved),
    threshold bigint,
    version bigint NOT NULL DEFAULT 1
);
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
CREATE TABLE alert (
    ingredient_id uuid PRIMARY KEY REFERENCES ingredient,
    opened_at timestamptz NOT NULL
);
