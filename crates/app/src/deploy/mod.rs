//! Which revision of a site runs, and how another one goes live.
//!
//! A site follows its folder or, with `[deploy]`, a ref of git. The files of a commit are laid into a folder
//! of their own below the store (`tree`), checked and tried with the site's own examples (`plan`), and
//! only what passes goes live, by the reload that keeps connections (`desk`). What runs, and what a person
//! has decided about it, outlives a restart (`state`).

mod board;
mod desk;
mod plan;
mod revisions;
mod signed;
mod state;
pub mod tree;

pub use board::Board;
pub use desk::{Deploying, Desk, Order, Wish, asker};
pub use revisions::Revisions;
pub use state::CanaryFrom;
