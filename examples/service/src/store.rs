//! The database.

use std::str::FromStr;

use durably::prelude::*;
use sqlx::{
    Row, SqlitePool, query,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};

/// What a customer orders.
#[durably::data]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Chosen by the customer's program, so that it may repeat a request.
    pub id: String,
    pub item: String,
    pub cents: u32,
}

/// The orders and charges of the service. Clones share the connections.
#[derive(Clone)]
pub struct Store(SqlitePool);

impl Store {
    /// Opens the database of this URL, and makes it if there is none: `sqlite://orders.db`.
    pub async fn open(url: &str) -> Result<Self> {
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(secs(5));
        let pool = SqlitePoolOptions::new().max_connections(4);
        let pool = pool.connect_with(options).await?;
        sqlx::raw_sql(include_str!("../schema.sql"))
            .execute(&pool)
            .await?;
        Ok(Self(pool))
    }

    /// Places an order, and the message that starts its workflow, both or neither. An order that was placed before
    /// stays as it is.
    pub async fn place(&self, order: &Order) -> Result<()> {
        let mut transaction = self.0.begin().await?;
        let placed =
            query("INSERT INTO orders (id, item, cents) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
                .bind(&order.id)
                .bind(&order.item)
                .bind(order.cents)
                .execute(&mut *transaction)
                .await?;
        if placed.rows_affected() == 1 {
            query("INSERT INTO outbox (order_id) VALUES (?)")
                .bind(&order.id)
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// The orders whose workflow is still to be started.
    pub async fn in_outbox(&self) -> Result<Vec<Order>> {
        let rows =
            query("SELECT id, item, cents FROM orders JOIN outbox ON order_id = id LIMIT 100");
        let rows = rows.fetch_all(&self.0).await?;
        let orders = rows.iter().map(|row| {
            Ok(Order {
                id: row.try_get("id")?,
                item: row.try_get("item")?,
                cents: row.try_get("cents")?,
            })
        });
        orders.collect()
    }

    /// Takes an order out of the outbox, now that its workflow is started.
    pub async fn started(&self, id: &str) -> Result<()> {
        let delete = query("DELETE FROM outbox WHERE order_id = ?").bind(id);
        delete.execute(&self.0).await?;
        Ok(())
    }

    /// Charges an order once for each key; returns whether it was charged just now.
    pub async fn charge(&self, key: &str, order: &Order) -> Result<bool> {
        let charge = "INSERT INTO charges (idempotency_key, order_id, cents) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
        let charged = query(charge)
            .bind(key)
            .bind(&order.id)
            .bind(order.cents)
            .execute(&self.0)
            .await?;
        Ok(charged.rows_affected() == 1)
    }

    /// What an order was charged, each time.
    pub async fn charges(&self, id: &str) -> Result<Vec<u32>> {
        let charges = query("SELECT cents FROM charges WHERE order_id = ?").bind(id);
        let rows = charges.fetch_all(&self.0).await?;
        rows.iter().map(|row| Ok(row.try_get("cents")?)).collect()
    }

    /// Closes the connections, once nobody uses them.
    pub async fn close(&self) {
        self.0.close().await;
    }
}
