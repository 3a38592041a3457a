//! How pixel data are coded in a transfer syntax (PS3.5, sections 8.2 and 10; PS3.6, Table A-1).

use dicom_dictionary_std::uids;

/// A way in which pixel data are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Not encapsulated; `big` where the transfer syntax is big endian.
    Native {
        /// Whether the transfer syntax is big endian.
        big: bool,
    },
    /// RLE lossless.
    Rle,
    /// JPEG, whichever process.
    Jpeg,
    /// JPEG-LS.
    JpegLs,
    /// JPEG 2000.
    Jpeg2000,
    /// High-throughput JPEG 2000.
    Htj2k,
    /// Each frame deflated (Encapsulated Uncompressed is the same with frames as they are).
    Deflated,
    /// Encapsulated, frames as they are.
    Encapsulated,
}

/// Encapsulated Uncompressed Explicit VR Little Endian.
const ENCAPSULATED: &str = "1.2.840.10008.1.2.1.98";
/// Deflated Image Frame Compression.
const DEFLATED_FRAMES: &str = "1.2.840.10008.1.2.8.1";

impl Coding {
    /// How pixel data of this transfer syntax are coded; none where this module can't decode them.
    pub fn of(transfer_syntax: &str) -> Option<Coding> {
        match transfer_syntax.trim_end_matches(['\0', ' ']) {
            uids::IMPLICIT_VR_LITTLE_ENDIAN
            | uids::EXPLICIT_VR_LITTLE_ENDIAN
            | uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => Some(Coding::Native { big: false }),
            "1.2.840.10008.1.2.2" => Some(Coding::Native { big: true }),
            uids::RLE_LOSSLESS => Some(Coding::Rle),
            uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => Some(Coding::JpegLs),
            uids::JPEG2000_LOSSLESS | uids::JPEG2000 => Some(Coding::Jpeg2000),
            "1.2.840.10008.1.2.4.92" | "1.2.840.10008.1.2.4.93" => Some(Coding::Jpeg2000),
            uids::HTJ2K_LOSSLESS | uids::HTJ2K_LOSSLESS_RPCL | uids::HTJ2K => Some(Coding::Htj2k),
            DEFLATED_FRAMES => Some(Coding::Deflated),
            ENCAPSULATED => Some(Coding::Encapsulated),
            other => {
                let process: u32 = other.strip_prefix("1.2.840.10008.1.2.4.")?.parse().ok()?;
                (50..=70).contains(&process).then_some(Coding::Jpeg)
            }
        }
    }

    /// Whether pixel data come in fragments.
    pub fn is_encapsulated(self) -> bool {
        !matches!(self, Coding::Native { .. })
    }
}
