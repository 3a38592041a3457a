//! Alerts of a running site: what is wrong is gathered, the desk decides who is told, and ways out carry it. Never
//! in the engine's way: it looks from behind, and what is sent goes through a queue with an end.
//!
//! | what | where |
//! |---|---|
//! | the desk with what it needs, kept in the store under `alerts/` | [`bureau`] |
//! | the look every few seconds | [`look`] |
//! | errands on their way to people | [`send`] |
//! | mail, web, syslog | [`way`] |
//! | links by which an alert is acknowledged | [`token`] |
//! | a sign of life to outside | [`heartbeat`] |

pub mod answer;
pub mod bureau;
pub mod heartbeat;
pub mod look;
pub mod send;
pub mod token;
pub mod way;

pub use bureau::Bureau;
