//! The tools' side of a site: questions and wishes, answered by a running `serve` over a local socket,
//! or from the store itself when nothing serves.

pub mod alter;
pub mod answer;
pub mod archive;
pub mod behind;
pub mod files;
pub mod find;
pub mod learn;
pub mod reading;
pub mod settle;
pub mod show;
pub mod socket;
pub mod status;
pub mod systems;
pub mod who;
