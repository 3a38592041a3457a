//! What decoders of coded frames have in common, and the bytes that their samples become.

use super::jpeg::Flaw;
use super::layout::{Layout, Photometric};
use super::{Error, Fault};

/// Samples that a decoder gave.
pub(super) struct Decoded {
    /// By pixel, each in the lower `precision` bits.
    pub samples: Vec<u16>,
    /// How many bits of each are meant.
    pub precision: u32,
    /// Whether the coded stream says that they are in two's complement.
    pub is_signed: bool,
    /// What they are.
    pub photometric: Photometric,
    /// Whether the coding lost something.
    pub is_lossy: bool,
}

/// The bytes of a decoded frame.
pub(super) struct Samples {
    /// By pixel, little endian.
    pub bytes: Vec<u8>,
    /// What they are.
    pub photometric: Photometric,
    /// Whether the coding lost something.
    pub is_lossy: bool,
}

/// A decoder: its name, and how it is called.
pub(super) struct Coded {
    pub name: &'static str,
    pub decode: fn(&[u8], &Layout) -> Result<Decoded, Flaw>,
}

impl Coded {
    /// Decodes a frame into bytes as the layout says.
    pub fn run(&self, bytes: &[u8], layout: &Layout) -> Result<Samples, Fault> {
        let fault = |(what, at)| Fault { codec: self.name, what, at, of: bytes.len() };
        if !matches!(layout.bits_allocated, 8 | 16) || layout.numbers == super::Numbers::Float {
            return Err(fault(("samples of neither 8 nor 16 bits", 0)));
        }
        let decoded = (self.decode)(bytes, layout).map_err(fault)?;
        Ok(Samples {
            bytes: to_bytes(&decoded, layout),
            photometric: decoded.photometric,
            is_lossy: decoded.is_lossy,
        })
    }
}

/// Samples as the bytes of the layout, the sign carried to the upper bits where samples have one.
fn to_bytes(decoded: &Decoded, layout: &Layout) -> Vec<u8> {
    let spare = 16 - decoded.precision;
    let is_signed = decoded.is_signed || layout.is_signed();
    let whole = |sample: u16| match is_signed {
        true => ((sample << spare) as i16 >> spare) as u16,
        false => sample,
    };
    match layout.bits_allocated {
        8 => decoded.samples.iter().map(|&sample| whole(sample) as u8).collect(),
        _ => {
            let mut out = vec![0; decoded.samples.len() * 2];
            for (bytes, &sample) in out.as_chunks_mut::<2>().0.iter_mut().zip(&decoded.samples) {
                *bytes = whole(sample).to_le_bytes();
            }
            out
        }
    }
}

/// Samples of 8 or 16 bits as numbers, and how many bits they take: those stored, if nothing lies above them.
pub(super) fn to_samples(bytes: &[u8], layout: &Layout) -> Result<(Vec<u16>, u32), Error> {
    let samples: Vec<u16> = match layout.bits_allocated {
        8 => bytes.iter().map(|&byte| u16::from(byte)).collect(),
        16 => bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect(),
        _ => return Err(Error::Encoding("samples of neither 8 nor 16 bits")),
    };
    let used = samples.iter().fold(0, |bits, sample| bits | sample);
    let stored = u32::from(layout.bits_stored).max(2);
    let precision = if u32::from(used) >> stored == 0 { stored } else { u32::from(layout.bits_allocated) };
    Ok((samples, precision))
}
