//! What is in the file of an instance: its header, single frames, pictures for people, as presentation states wish them too, documents.
//!
//! No more of a file is read than is asked for, and no more is decoded at once than [`pixel::Limits`] allow.

mod frames;
pub mod geometry;
mod picture;
mod presented;
mod shelf;
mod source;

use std::io;

use klinke_dimse::pixel;

pub use frames::{One, count, limits, one};
pub use picture::{Wish, representative, representative_frame, with_groups};
pub use presented::{Presentation, Subject, is_state, subject};
pub(crate) use shelf::Shelf;
pub use source::{Pixels, Place, Source};

/// Why something of an instance can't be given. No text carries patient data.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The archive could not.
    #[error(transparent)]
    Archive(#[from] crate::Error),
    /// There is no such thing.
    #[error("{0}")]
    Absent(String),
    /// None of the instances has pixels.
    #[error("there are no pixels to be shown")]
    NoPixels,
    /// A frame is larger than the limits allow.
    #[error("the frame is larger than what is read at once")]
    TooLarge,
    /// The region that was asked for lies beside the picture.
    #[error("the region lies beside the picture")]
    Beside,
    /// The pixel data can't be decoded or shown.
    #[error("the pixel data: {0}")]
    Pixels(pixel::Error),
}

/// The result of whatever is read of an instance.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Error::Archive(crate::Error::Damaged(format!("the file of an instance: {error}")))
    }
}
