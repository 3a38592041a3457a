//! Taking over an old archive: the inventory, the studies, the check, the report.
//!
//! | file | what |
//! |---|---|
//! | `compare` | whether an instance is the same here and there |
//! | `desk` | migrations of a running site |
//! | `hands` | taking studies side by side, as many as is good |
//! | `identity` | who the patients of the old archive are: issuer, list, what messages tell |
//! | `job` | one migration: its site file, its ledger, the old archive |
//! | `old` | the old archive behind the four ways of asking it |
//! | `outlook` | how long it will still take |
//! | `page` | the report as a page to sign, in Markdown and HTML |
//! | `patients` | the list of patients of the old archive and who they are now |
//! | `plan` | the inventory: all studies of the old archive |
//! | `report` | what was there, what came, what is missing and why |
//! | `run` | taking over, until nothing is left |
//! | `take` | taking one study |
//! | `verify` | holding each instance of the old archive against ours |
//! | `view` | what pages and the API are told |
//!
//! What knows no socket and no clock is [`klinke_archive::migrate`].

mod compare;
pub mod desk;
pub mod hands;
pub mod identity;
pub mod job;
pub mod old;
pub mod outlook;
pub mod page;
pub mod patients;
pub mod plan;
pub mod report;
pub mod run;
pub mod take;
pub mod verify;
mod view;

/// Runs work that waits for a disk on a thread that may.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> klinke_archive::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    Ok(tokio::task::spawn_blocking(work).await??)
}
