//! Options of starts, as messages.
