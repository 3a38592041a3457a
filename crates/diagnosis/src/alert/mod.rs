//! Alerts: what is worth a person's attention, as one list of kinds; and the desk that opens, groups, tells,
//! repeats and closes them.
//!
//! Pure: what is wrong, what time it is and who is on call are arguments; what is to be sent is the answer.
//!
//! | what | where |
//! |---|---|
//! | every kind of alert, with its rank, its words and what to try first | [`kind`] |
//! | one observation | [`sign`] |
//! | observations out of what the ladder judged | [`signs`] |
//! | observations out of numbers over time: queues, answers, disk, certificates | [`measure`] |
//! | one cause, one alert: by machine, by network | [`group`] |
//! | who is told when: people, rotas, rules, quiet hours, maintenance | [`plan`] |
//! | the state machine | [`desk`] |
//! | what people read | [`words`] |

pub mod desk;
pub mod group;
pub mod kind;
pub mod measure;
pub mod plan;
pub mod sign;
pub mod signs;
pub mod words;

pub use desk::{Alert, Desk, Errand, Reason};
pub use group::Place;
pub use kind::{Kind, Rank};
pub use plan::Plan;
pub use sign::Sign;
