//! Pages and API, and what the house behind them is asked.
//!
//! | what | where |
//! |---|---|
//! | the questions that pages and tools ask of a site, and the shapes of the answers | [`house`] |
//! | the listener with its limits | [`server`] |
//! | the JSON API and its description | [`api`] |
//! | routes, who asks, in which language | [`web`] |
//! | one file a page | `page` |
//!
//! Pages are made here, whole, in German and English; a browser without JavaScript reads all of them. Who
//! answers the questions is elsewhere: this crate knows no adapter, no format and no backend of a store.

pub mod api;
pub mod audit;
pub mod house;
pub mod lang;
pub mod page;
pub mod people;
pub mod server;
pub mod web;
