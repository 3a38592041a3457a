//! Pages and API, and what the house behind them is asked.
//!
//! [`house`] has the questions that pages and tools ask of a site, and the shapes of the answers. Who
//! answers is elsewhere: this crate knows no adapter, no format and no backend of a store.

pub mod audit;
pub mod house;
pub mod people;
