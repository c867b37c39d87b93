CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY,
    item TEXT NOT NULL,
    cents INTEGER NOT NULL
);

-- Orders whose workflow is still to be started.
CREATE TABLE IF NOT EXISTS outbox (
    order_id TEXT PRIMARY KEY REFERENCES orders (id)
);

CREATE TABLE IF NOT EXISTS charges (
    idempotency_key TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    cents INTEGER NOT NULL
);
