//! Values of text as dates, times, numbers and ages (PS3.5, section 6.2), tolerant where devices are; and what is
//! against the standard about the values of a data set.

mod access;
mod check;
mod date;
mod number;
mod range;

pub use check::{check, is_uid};
pub use date::{Date, DateTime, Time};
pub use number::{Age, AgeUnit, decimal, decimal_text, integer};
pub use range::Range;
