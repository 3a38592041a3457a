//! JPEG-LS (ISO/IEC 14495-1, ITU-T T.87), lossless and near-lossless, 2 to 16 bits, in all three ways of interleaving.
//!
//! A sample is predicted from four neighbours; its context, made from their differences, says how the error is coded.
//! Where the neighbours are alike, a run is coded instead. Not supported: mapping tables, restart markers, point
//! transforms, and sizes above 65,535.

mod bits;
mod decode;
mod encode;
mod model;

use super::codec::Coded;
pub(super) use encode::encode;

/// Decodes what the transfer syntax or the first bytes say is JPEG-LS.
pub(super) fn coded() -> Coded {
    Coded { name: "JPEG-LS", decode: decode::decode }
}
