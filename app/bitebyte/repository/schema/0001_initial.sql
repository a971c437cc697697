-- The schema of one member's database: its Raft log, and the replicated state that it applied.
--
-- There is one writer, which checks more than constraints can; the constraints here are the
-- second pair of eyes. Foreign keys are left out: every row of a flush would pay a look-up for
-- a rule that the state machine, the only source of rows, already keeps.
-- Nested parts are json and not jsonb: nobody searches inside them, and parsing them into jsonb
-- cost a third of the time of a whole order row.
-- Times are milliseconds since 1970 UTC, money is minor units, quantities are base units.

-- Whose database this is. Written once, never changed.
CREATE TABLE member_identity (
    is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
    cluster_id  bigint NOT NULL CHECK (cluster_id <> 0),
    member_id   bigint NOT NULL CHECK (member_id <> 0),
    name        text   NOT NULL
);

-- Hard state and configuration of the Raft core: one row, rewritten at almost every append, so
-- its page keeps room for new versions (heap-only updates).
CREATE TABLE raft_state (
    is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
    term        bigint NOT NULL,
    vote        bigint NOT NULL,
    "commit"    bigint NOT NULL,
    conf_state  json  NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

INSERT INTO raft_state (term, vote, "commit", conf_state) VALUES (0, 0, 0, '[[]]');

CREATE TABLE raft_log (
    index bigint   PRIMARY KEY CHECK (index > 0),
    term  bigint   NOT NULL,
    kind  smallint NOT NULL,
    data  bytea    NOT NULL
);
-- Entries are small and binary: trying to compress them costs time and wins nothing.
ALTER TABLE raft_log ALTER COLUMN data SET STORAGE EXTERNAL;

-- How far the tables below reflect the log. Changes only together with them.
CREATE TABLE applied_state (
    is_only_row   boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
    applied_index bigint  NOT NULL,
    state_hash    bytea   NOT NULL CHECK (octet_length(state_hash) = 32),
    log_time_ms   bigint  NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

INSERT INTO applied_state (applied_index, state_hash, log_time_ms)
VALUES (0, decode(repeat('00', 32), 'hex'), 0);

-- The newest applied entries: their hashes prove agreement, their events let streams resume.
-- Events are JSON that nobody but the program reads, so the server does not even check it:
-- convert_from(events, 'UTF8') shows it.
CREATE TABLE applied_entry (
    index      bigint PRIMARY KEY,
    state_hash bytea  NOT NULL,
    events     bytea
);

CREATE TABLE accounts (
    id            uuid   PRIMARY KEY,
    email         text   NOT NULL,
    display_name  text   NOT NULL,
    role          text   NOT NULL,
    password_hash text   NOT NULL,
    locale        text   NOT NULL,
    units         text   NOT NULL,
    created_at_ms bigint NOT NULL,
    version       bigint NOT NULL
);

CREATE TABLE sessions (
    token_hash    text   PRIMARY KEY,
    account_id    uuid   NOT NULL,
    created_at_ms bigint NOT NULL,
    expires_at_ms bigint NOT NULL,
    ended_at_ms   bigint
);

CREATE TABLE name_claims (
    scope     text COLLATE "C" NOT NULL,
    name      text COLLATE "C" NOT NULL,
    holder_id text NOT NULL,
    PRIMARY KEY (scope, name)
);

CREATE TABLE bars (
    id                uuid   PRIMARY KEY,
    slug              text   NOT NULL,
    name              text   NOT NULL,
    currency          text   NOT NULL,
    timezone          text   NOT NULL,
    owner_id          uuid   NOT NULL,
    created_at_ms     bigint NOT NULL,
    menu_version      bigint NOT NULL,
    order_day         text   NOT NULL,
    order_number_last bigint NOT NULL CHECK (order_number_last >= 0),
    version           bigint NOT NULL,
    menu_position_last bigint NOT NULL,
    name_folded       text COLLATE "C" NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX bars_by_name ON bars (name_folded, id);

CREATE TABLE bar_members (
    bar_id     uuid NOT NULL,
    account_id uuid NOT NULL,
    role       text NOT NULL,
    PRIMARY KEY (bar_id, account_id)
);
CREATE INDEX bar_members_by_account ON bar_members (account_id, bar_id);

-- Changed by every order: room on each page for heap-only updates.
CREATE TABLE ingredients (
    id               uuid    PRIMARY KEY,
    bar_id           uuid    NOT NULL,
    name             text    NOT NULL,
    unit             text    NOT NULL,
    base_unit        text    NOT NULL,
    tracking         text    NOT NULL,
    on_hand          bigint  NOT NULL,
    reserved         bigint  NOT NULL CHECK (reserved >= 0),
    threshold_base   bigint,
    threshold_amount text,
    threshold_unit   text,
    is_out           boolean NOT NULL,
    open_alert_id    uuid,
    created_at_ms    bigint  NOT NULL,
    version          bigint  NOT NULL,
    name_folded      text COLLATE "C" NOT NULL,
    CONSTRAINT ingredients_never_oversold CHECK (on_hand >= reserved)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500);
CREATE INDEX ingredients_by_name ON ingredients (bar_id, name_folded, id);

CREATE TABLE products (
    id             uuid   PRIMARY KEY,
    bar_id         uuid   NOT NULL,
    name           text   NOT NULL,
    section        text   NOT NULL,
    position       bigint NOT NULL,
    description    text   NOT NULL,
    price_minor    bigint NOT NULL CHECK (price_minor >= 0),
    recipe         json  NOT NULL,
    recipe_version bigint NOT NULL,
    status         text   NOT NULL,
    created_at_ms  bigint NOT NULL,
    version        bigint NOT NULL
);
CREATE INDEX products_by_bar ON products (bar_id);

CREATE TABLE orders (
    id                uuid   PRIMARY KEY,
    number            bigint NOT NULL CHECK (number >= 1),
    business_day      text   NOT NULL,
    bar_id            uuid   NOT NULL,
    customer_id       uuid   NOT NULL,
    customer_name     text   NOT NULL,
    status            text COLLATE "C" NOT NULL,
    lines             json  NOT NULL,
    total_minor       bigint NOT NULL CHECK (total_minor >= 0),
    currency          text   NOT NULL,
    placed_at_ms      bigint NOT NULL,
    updated_at_ms     bigint NOT NULL,
    reservation       json  NOT NULL,
    reservation_state text   NOT NULL,
    history           json  NOT NULL,
    version           bigint NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX orders_by_customer ON orders (customer_id, placed_at_ms, id);
CREATE INDEX orders_by_status ON orders (bar_id, status, placed_at_ms, id);

CREATE TABLE stock_movements (
    id            uuid   PRIMARY KEY,
    bar_id        uuid   NOT NULL,
    ingredient_id uuid   NOT NULL,
    kind          text   NOT NULL,
    delta_base    bigint NOT NULL,
    amount        text   NOT NULL,
    unit          text   NOT NULL,
    reason        text   NOT NULL,
    actor_id      text   NOT NULL,
    order_id      uuid,
    at_ms         bigint NOT NULL
);
CREATE INDEX stock_movements_by_bar ON stock_movements (bar_id, at_ms, id);
CREATE INDEX stock_movements_by_ingredient ON stock_movements (ingredient_id, at_ms, id);

CREATE TABLE alerts (
    id                 uuid   PRIMARY KEY,
    bar_id             uuid   NOT NULL,
    ingredient_id      uuid   NOT NULL,
    ingredient_name    text   NOT NULL,
    state              text COLLATE "C" NOT NULL,
    reason             text   NOT NULL,
    available          bigint NOT NULL,
    threshold          bigint,
    base_unit          text   NOT NULL,
    opened_at_ms       bigint NOT NULL,
    acknowledged_at_ms bigint,
    resolved_at_ms     bigint,
    version            bigint NOT NULL,
    CONSTRAINT alerts_state_is_known CHECK (state IN ('open', 'acknowledged', 'resolved'))
);
CREATE UNIQUE INDEX alerts_one_unresolved ON alerts (ingredient_id) WHERE state <> 'resolved';
CREATE INDEX alerts_by_state ON alerts (bar_id, state, opened_at_ms, id);

CREATE TABLE menu_imports (
    id            uuid   PRIMARY KEY,
    bar_id        uuid   NOT NULL,
    created_by    uuid   NOT NULL,
    created_at_ms bigint NOT NULL,
    products      json  NOT NULL,
    ingredients   json  NOT NULL,
    errors        json  NOT NULL,
    state         text   NOT NULL,
    error_count   bigint NOT NULL
);

CREATE TABLE idempotency_records (
    account_id      uuid   NOT NULL,
    idempotency_key text COLLATE "C" NOT NULL,
    request_hash    text   NOT NULL,
    answer          bytea  NOT NULL,
    created_at_ms   bigint NOT NULL,
    PRIMARY KEY (account_id, idempotency_key)
);
CREATE INDEX idempotency_records_by_time ON idempotency_records (created_at_ms);
