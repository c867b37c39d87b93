//! Batch operations in the database.

use rusqlite::{Connection, params};

use super::namespaces;
use crate::error::StoreError;
use crate::name::BatchName;
use crate::store::StoredBatch;

/// Reads all batch operations but those of deleted namespaces.
pub(super) fn all(connection: &Connection) -> Result<Vec<StoredBatch>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT name, batches.id, batches.state FROM batches JOIN namespaces USING (namespace)
         WHERE namespaces.state <> 3
         ORDER BY name, batches.id",
    )?;
    let batches = statement.query_map([], |row| {
        let namespace: String = row.get(0)?;
        let id: String = row.get(1)?;
        let name = BatchName {
            namespace: namespace.into(),
            id: id.into(),
        };
        Ok(StoredBatch {
            name,
            state: row.get(2)?,
        })
    })?;
    Ok(batches.collect::<Result<_, _>>()?)
}

/// Inserts, replaces or removes a batch operation.
pub(super) fn put(
    connection: &Connection,
    name: &BatchName,
    state: Option<&[u8]>,
) -> rusqlite::Result<Result<(), StoreError>> {
    let namespace = match namespaces::required(connection, &name.namespace)? {
        Ok(namespace) => namespace,
        Err(missing) => return Ok(Err(missing)),
    };
    let key = params![namespace, name.id];
    let sql = match state {
        Some(_) => {
            "INSERT INTO batches (namespace, id, state) VALUES (?1, ?2, ?3)
             ON CONFLICT (namespace, id) DO UPDATE SET state = excluded.state"
        }
        None => "DELETE FROM batches WHERE namespace = ?1 AND id = ?2",
    };
    let mut statement = connection.prepare_cached(sql)?;
    match state {
        Some(state) => statement.execute(params![namespace, name.id, state])?,
        None => statement.execute(key)?,
    };
    Ok(Ok(()))
}
