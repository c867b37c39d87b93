mod histories;
mod python;
