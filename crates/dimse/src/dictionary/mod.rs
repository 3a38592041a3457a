//! The dictionary (PS3.6): tags, keywords and VRs, private creators that are known, and paths to elements.

mod path;
mod private;
mod standard;
mod step;

pub use path::{Path, SetError};
pub(crate) use path::{binary, texts_of};
pub use private::{creator_of, private_tag, private_vr};
pub(crate) use standard::{Ambiguous, entry_vr};
pub use standard::{class_name, keyword, name, tag_of, vr};
pub use step::PathError;
