//! The columns that hold the values of fields, as [`filter::value`] computes them, so that SQL compares
//! what the filter in memory compares.

use rusqlite::types::Value as SqlValue;

use crate::visibility::attributes::Field;
use crate::visibility::filter::Value;

/// The fields with a column, in the order of the table.
pub(super) const FIELDS: [Field; 16] = [
    Field::RunId,
    Field::WorkflowId,
    Field::WorkflowType,
    Field::ExecutionStatus,
    Field::TaskQueue,
    Field::StartTime,
    Field::ExecutionTime,
    Field::CloseTime,
    Field::ExecutionDuration,
    Field::HistoryLength,
    Field::HistorySizeBytes,
    Field::StateTransitionCount,
    Field::ParentWorkflowId,
    Field::ParentRunId,
    Field::RootWorkflowId,
    Field::RootRunId,
];

/// The column of a field; `None` for attributes that runs carry, which have a table of their own.
pub(super) fn column(field: &Field) -> Option<&'static str> {
    Some(match field {
        Field::WorkflowId => "workflow_id",
        Field::RunId => "run_id",
        Field::WorkflowType => "type",
        Field::ExecutionStatus => "status",
        Field::TaskQueue => "task_queue",
        Field::StartTime => "start_time",
        Field::ExecutionTime => "execution_time",
        Field::CloseTime => "close_time",
        Field::ExecutionDuration => "duration",
        Field::HistoryLength => "history_length",
        Field::HistorySizeBytes => "history_size",
        Field::StateTransitionCount => "transitions",
        Field::ParentWorkflowId => "parent_workflow_id",
        Field::ParentRunId => "parent_run_id",
        Field::RootWorkflowId => "root_workflow_id",
        Field::RootRunId => "root_run_id",
        Field::Carried(..) => return None,
    })
}

/// A single value as SQL has it; a list has none.
pub(super) fn sql_value(value: Value) -> Option<SqlValue> {
    Some(match value {
        Value::Text(text) => SqlValue::Text(text),
        Value::Integer(integer) => SqlValue::Integer(integer),
        Value::Number(number) => SqlValue::Real(number),
        Value::Bool(holds) => SqlValue::Integer(holds.into()),
        Value::Time(micros) => SqlValue::Integer(micros),
        Value::Texts(_) => return None,
    })
}
