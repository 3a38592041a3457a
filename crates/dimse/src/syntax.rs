//! Transfer syntaxes (PS3.5, section 10 and Annex A; PS3.6, Annex A): how a data set is written.
//!
//! All of the registry are known by name, retired ones as well. A private or unknown one is kept as it is and
//! taken for explicit VR little endian; whether its pixel data are native or encapsulated is seen when they are
//! read.

use std::borrow::Cow;

/// One transfer syntax.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TransferSyntax {
    uid: Cow<'static, str>,
    name: &'static str,
    form: Form,
    pixel_data: PixelDataForm,
}

/// How pixel data are written in a transfer syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelDataForm {
    /// As one value (PS3.5, section 8.1).
    Native,
    /// In fragments (PS3.5, section 8.2 and Annex A.4).
    Encapsulated,
    /// Elsewhere: behind a URL (JPIP) or in a stream beside (SMPTE ST 2110).
    Referenced,
    /// The transfer syntax is not known; either may come.
    AsSeen,
}

/// How elements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    Implicit,
    Explicit,
    BigEndian,
    Deflated,
}

impl TransferSyntax {
    /// Implicit VR Little Endian, the one that everybody knows (PS3.5, Annex A.1).
    pub const IMPLICIT: TransferSyntax =
        row("1.2.840.10008.1.2", "Implicit VR Little Endian", Form::Implicit, PixelDataForm::Native);
    /// Explicit VR Little Endian (PS3.5, Annex A.2).
    pub const EXPLICIT: TransferSyntax =
        row("1.2.840.10008.1.2.1", "Explicit VR Little Endian", Form::Explicit, PixelDataForm::Native);
    /// Explicit VR Big Endian, retired (PS3.5 2016b, Annex A.3).
    pub const BIG_ENDIAN: TransferSyntax =
        row("1.2.840.10008.1.2.2", "Explicit VR Big Endian", Form::BigEndian, PixelDataForm::Native);
    /// Deflated Explicit VR Little Endian (PS3.5, Annex A.5).
    pub const DEFLATED: TransferSyntax = row(
        "1.2.840.10008.1.2.1.99",
        "Deflated Explicit VR Little Endian",
        Form::Deflated,
        PixelDataForm::Native,
    );

    /// The transfer syntax of a UID. Padding at its ends does not matter. One that is not in the registry is taken
    /// for explicit VR little endian, and keeps its UID.
    pub fn by_uid(uid: &str) -> TransferSyntax {
        let uid = uid.trim_matches([' ', '\0']);
        match REGISTRY.iter().find(|known| known.uid == uid) {
            Some(known) => known.clone(),
            None => TransferSyntax {
                uid: Cow::Owned(uid.to_owned()),
                name: "unknown transfer syntax",
                form: Form::Explicit,
                pixel_data: PixelDataForm::AsSeen,
            },
        }
    }

    /// All that are in the registry.
    pub fn all() -> &'static [TransferSyntax] {
        REGISTRY
    }

    /// Its UID.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Its name in the registry.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether elements carry their VR.
    pub fn is_explicit(&self) -> bool {
        self.form != Form::Implicit
    }

    /// Whether numbers, tags and lengths are big endian.
    pub fn is_big_endian(&self) -> bool {
        self.form == Form::BigEndian
    }

    /// Whether the whole data set is deflated (RFC 1951).
    pub fn is_deflated(&self) -> bool {
        self.form == Form::Deflated
    }

    /// Whether pixel data come in fragments. False where nobody can know it: see [`TransferSyntax::pixel_data`].
    pub fn is_encapsulated(&self) -> bool {
        self.pixel_data == PixelDataForm::Encapsulated
    }

    /// How pixel data are written.
    pub fn pixel_data(&self) -> PixelDataForm {
        self.pixel_data
    }

    /// Whether it is in the registry.
    pub fn is_known(&self) -> bool {
        self.pixel_data != PixelDataForm::AsSeen
    }
}

impl std::fmt::Display for TransferSyntax {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.uid)
    }
}

const fn row(uid: &'static str, name: &'static str, form: Form, pixel_data: PixelDataForm) -> TransferSyntax {
    TransferSyntax { uid: Cow::Borrowed(uid), name, form, pixel_data }
}

const fn encapsulated(uid: &'static str, name: &'static str) -> TransferSyntax {
    row(uid, name, Form::Explicit, PixelDataForm::Encapsulated)
}

const fn referenced(uid: &'static str, name: &'static str, form: Form) -> TransferSyntax {
    row(uid, name, form, PixelDataForm::Referenced)
}

/// PS3.6, table A-1, type "Transfer Syntax", with a widespread private one at the end.
#[rustfmt::skip]
static REGISTRY: &[TransferSyntax] = &[
    TransferSyntax::IMPLICIT,
    TransferSyntax::EXPLICIT,
    encapsulated("1.2.840.10008.1.2.1.98", "Encapsulated Uncompressed Explicit VR Little Endian"),
    TransferSyntax::DEFLATED,
    TransferSyntax::BIG_ENDIAN,
    encapsulated("1.2.840.10008.1.2.4.50", "JPEG Baseline (Process 1)"),
    encapsulated("1.2.840.10008.1.2.4.51", "JPEG Extended (Process 2 & 4)"),
    encapsulated("1.2.840.10008.1.2.4.52", "JPEG Extended (Process 3 & 5)"),
    encapsulated("1.2.840.10008.1.2.4.53", "JPEG Spectral Selection, Non-Hierarchical (Process 6 & 8)"),
    encapsulated("1.2.840.10008.1.2.4.54", "JPEG Spectral Selection, Non-Hierarchical (Process 7 & 9)"),
    encapsulated("1.2.840.10008.1.2.4.55", "JPEG Full Progression, Non-Hierarchical (Process 10 & 12)"),
    encapsulated("1.2.840.10008.1.2.4.56", "JPEG Full Progression, Non-Hierarchical (Process 11 & 13)"),
    encapsulated("1.2.840.10008.1.2.4.57", "JPEG Lossless, Non-Hierarchical (Process 14)"),
    encapsulated("1.2.840.10008.1.2.4.58", "JPEG Lossless, Non-Hierarchical (Process 15)"),
    encapsulated("1.2.840.10008.1.2.4.59", "JPEG Extended, Hierarchical (Process 16 & 18)"),
    encapsulated("1.2.840.10008.1.2.4.60", "JPEG Extended, Hierarchical (Process 17 & 19)"),
    encapsulated("1.2.840.10008.1.2.4.61", "JPEG Spectral Selection, Hierarchical (Process 20 & 22)"),
    encapsulated("1.2.840.10008.1.2.4.62", "JPEG Spectral Selection, Hierarchical (Process 21 & 23)"),
    encapsulated("1.2.840.10008.1.2.4.63", "JPEG Full Progression, Hierarchical (Process 24 & 26)"),
    encapsulated("1.2.840.10008.1.2.4.64", "JPEG Full Progression, Hierarchical (Process 25 & 27)"),
    encapsulated("1.2.840.10008.1.2.4.65", "JPEG Lossless, Hierarchical (Process 28)"),
    encapsulated("1.2.840.10008.1.2.4.66", "JPEG Lossless, Hierarchical (Process 29)"),
    encapsulated("1.2.840.10008.1.2.4.70", "JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14, Selection Value 1)"),
    encapsulated("1.2.840.10008.1.2.4.80", "JPEG-LS Lossless Image Compression"),
    encapsulated("1.2.840.10008.1.2.4.81", "JPEG-LS Lossy (Near-Lossless) Image Compression"),
    encapsulated("1.2.840.10008.1.2.4.90", "JPEG 2000 Image Compression (Lossless Only)"),
    encapsulated("1.2.840.10008.1.2.4.91", "JPEG 2000 Image Compression"),
    encapsulated("1.2.840.10008.1.2.4.92", "JPEG 2000 Part 2 Multi-component Image Compression (Lossless Only)"),
    encapsulated("1.2.840.10008.1.2.4.93", "JPEG 2000 Part 2 Multi-component Image Compression"),
    referenced("1.2.840.10008.1.2.4.94", "JPIP Referenced", Form::Explicit),
    referenced("1.2.840.10008.1.2.4.95", "JPIP Referenced Deflate", Form::Deflated),
    encapsulated("1.2.840.10008.1.2.4.100", "MPEG2 Main Profile / Main Level"),
    encapsulated("1.2.840.10008.1.2.4.100.1", "Fragmentable MPEG2 Main Profile / Main Level"),
    encapsulated("1.2.840.10008.1.2.4.101", "MPEG2 Main Profile / High Level"),
    encapsulated("1.2.840.10008.1.2.4.101.1", "Fragmentable MPEG2 Main Profile / High Level"),
    encapsulated("1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile / Level 4.1"),
    encapsulated("1.2.840.10008.1.2.4.102.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1"),
    encapsulated("1.2.840.10008.1.2.4.103", "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1"),
    encapsulated("1.2.840.10008.1.2.4.103.1", "Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1"),
    encapsulated("1.2.840.10008.1.2.4.104", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video"),
    encapsulated("1.2.840.10008.1.2.4.104.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video"),
    encapsulated("1.2.840.10008.1.2.4.105", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video"),
    encapsulated("1.2.840.10008.1.2.4.105.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video"),
    encapsulated("1.2.840.10008.1.2.4.106", "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2"),
    encapsulated("1.2.840.10008.1.2.4.106.1", "Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2"),
    encapsulated("1.2.840.10008.1.2.4.107", "HEVC/H.265 Main Profile / Level 5.1"),
    encapsulated("1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10 Profile / Level 5.1"),
    encapsulated("1.2.840.10008.1.2.4.110", "JPEG XL Lossless"),
    encapsulated("1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression"),
    encapsulated("1.2.840.10008.1.2.4.112", "JPEG XL"),
    encapsulated("1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000 Image Compression (Lossless Only)"),
    encapsulated("1.2.840.10008.1.2.4.202", "High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)"),
    encapsulated("1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000 Image Compression"),
    referenced("1.2.840.10008.1.2.4.204", "JPIP HTJ2K Referenced", Form::Explicit),
    referenced("1.2.840.10008.1.2.4.205", "JPIP HTJ2K Referenced Deflate", Form::Deflated),
    encapsulated("1.2.840.10008.1.2.5", "RLE Lossless"),
    encapsulated("1.2.840.10008.1.2.6.1", "RFC 2557 MIME encapsulation"),
    row("1.2.840.10008.1.2.6.2", "XML Encoding", Form::Explicit, PixelDataForm::Native),
    referenced("1.2.840.10008.1.2.7.1", "SMPTE ST 2110-20 Uncompressed Progressive Active Video", Form::Explicit),
    referenced("1.2.840.10008.1.2.7.2", "SMPTE ST 2110-20 Uncompressed Interlaced Active Video", Form::Explicit),
    referenced("1.2.840.10008.1.2.7.3", "SMPTE ST 2110-30 PCM Digital Audio", Form::Explicit),
    encapsulated("1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression"),
    row("1.2.840.10008.1.20", "Papyrus 3 Implicit VR Little Endian", Form::Implicit, PixelDataForm::Native),
    // Pixel data are big endian in this one; everything else is as in Implicit VR Little Endian.
    row("1.2.840.113619.5.2", "GE Private Implicit VR Big Endian Pixel Data", Form::Implicit, PixelDataForm::Native),
];
