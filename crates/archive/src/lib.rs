//! The DICOM archive: instances as files, and an index that says what is in them.
//!
//! What [`Receiving::finish`] has told is on stable storage: the file with the received bytes unchanged, its entry in
//! its folder, and its row in the index. The files are the archive; the index can be made anew from them.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use klinke_archive::{Archive, Arrival, Options};
//! # let folder = tempfile::tempdir()?;
//!
//! let archive = Archive::open(folder.path(), Options::default())?;
//! assert_eq!(archive.totals()?.instances, 0);
//! # Ok(())
//! # }
//! ```
//!
//! | module | what |
//! |---|---|
//! | [`change`] | what was decided over what was received |
//! | [`commitment`] | reports of storage commitment that are owed |
//! | [`event`] | what channels are told of, and when a study is complete |
//! | [`find`] | queries, as C-FIND and QIDO-RS ask them |
//! | [`image`] | what is in the file of an instance: header, frames, pictures, documents |
//! | [`import`] | instances out of files |
//! | [`index`] | what an index must do, and the one in SQLite |
//! | [`migrate`] | taking over another archive: what is pure of it, and its ledger |
//! | [`performed`] | performed procedure steps |
//! | [`priors`] | which earlier studies of a patient who is scheduled are wanted |
//! | [`retention`] | how long studies are kept |
//! | [`workitem`] | unified procedure steps, and who watches them |
//! | [`worklist`] | scheduled procedure steps |

mod archive;
pub mod change;
mod claims;
mod clash;
pub mod commitment;
mod decide;
mod error;
pub mod event;
pub mod find;
mod header;
mod identity;
pub mod image;
pub mod import;
pub mod index;
mod level;
mod look;
mod meta;
pub mod migrate;
mod patients;
pub mod performed;
mod place;
mod present;
pub mod priors;
mod receive;
pub mod retention;
mod shared;
mod sound;
mod text;
mod tier;
mod transcode;
mod trash;
mod unsynced;
mod verify;
pub mod workitem;
pub mod worklist;

pub use archive::Archive;
pub use clash::Take;
pub use error::{Error, Result};
pub use identity::{Identity, PatientKey};
pub use level::Level;
pub use patients::{Expecting, Named, Told};
pub use present::{Given, Present};
pub use receive::{Arrival, Received, Receiving};
pub use shared::Options;
pub use tier::{Tended, Tier};
pub use transcode::{may_transcode, transcode};
pub use verify::{Rebuilt, Verified};
