//! Pixel data (PS3.5, section 8 and Annexes A.4, F and G; PS3.3, sections C.7.6.3, C.7.9, C.9.2, C.11.1 and C.11.2): read, decode, encode, transcode and show.
//!
//! | type | what |
//! |---|---|
//! | [`Layout`] | rows, columns, bits, frames, meaning: read from a data set, checked against [`Limits`] |
//! | [`PixelData`] | the frames of a data set: as they were sent, or decoded into a [`Frame`] |
//! | [`encode`], [`encapsulate`] | frames coded and put into fragments |
//! | [`transcode`] | all frames into another transfer syntax, and what changes in the data set |
//! | [`render`] | a frame as 8 bits of grey or RGB, scaled, as JPEG or PNG |
//!
//! | coding | decode | encode |
//! |---|---|---|
//! | native, deflated frames, encapsulated uncompressed | yes | native |
//! | RLE lossless | 8, 16, 32 bits | the same |
//! | JPEG baseline, extended, progressive | 8 and 12 bits | baseline, to show |
//! | JPEG lossless | all predictors, 2 to 16 bits | first predictor |
//! | JPEG-LS | lossless and near, 2 to 16 bits, all interleave modes | lossless |
//! | JPEG 2000 | Part 1, up to 16 bits | – |
//! | HTJ2K | Part 15, up to 16 bits | – |
//! | JPEG XL, video | – | – |
//!
//! Decoders see a frame only after its header was held against the data set, and no more is allocated than the limits
//! allow and the bytes present can fill. Errors name the frame and the byte, and no value. Frames are counted from 0 in
//! arguments, and from 1 in errors, as the standard does.

mod codec;
mod colour;
mod decode;
mod encode;
mod error;
mod frames;
mod htj2k;
mod jpeg;
mod jpeg2000;
mod jpegls;
mod layout;
mod native;
pub mod render;
mod rle;
mod syntax;
mod transcode;

pub use decode::{Frame, PixelData};
pub use encode::{encapsulate, encode, is_encodable};
pub use error::{Error, Fault};
pub(crate) use htj2k::is_high_throughput;
pub use layout::{Layout, Limits, Numbers, Photometric};
pub use syntax::Coding;
pub use transcode::{Transcoded, transcode};
