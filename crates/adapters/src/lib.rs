//! Sources and destinations per protocol, over one shared socket driver.
//!
//! | to find | look in |
//! |---|---|
//! | listening, connecting, limits, timeouts, TLS: the same for every protocol | [`net`] |
//! | one protocol's settings, its source, its destination | the module of its name |
//! | what can be asked of a partner without sending anything that matters | [`probe`] |
//! | the list of them, how each is made, their schemas | [`registry`] |
//! | how site files write lengths of time and sizes | [`units`] |
//! | new UIDs | `uid` |
//! | a ZIP archive that is written as it goes | [`zip`](mod@zip) |
//!
//! One adapter never imports another. What two of them need lies beside them, as [`net`] and [`units`] do.

pub mod archive;
pub mod dicom;
pub mod dicomweb;
pub mod file;
pub mod http;
pub mod mllp;
pub mod net;
pub mod patients;
pub mod probe;
pub mod registry;
pub mod secret;
pub mod stow;
pub mod tcp;
pub mod timer;
pub(crate) mod uid;
pub mod units;
pub mod worklist;
pub mod zip;

pub use registry::{ALL, Adapter, Surroundings, adapter};
