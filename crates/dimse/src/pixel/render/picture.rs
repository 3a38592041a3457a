//! What is shown, and as which file.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::profile::put_chunk;
use crate::pixel::{Error, jpeg};

/// A picture of 8 bits: grey with one channel, RGB with three.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Columns.
    pub columns: u32,
    /// Rows.
    pub rows: u32,
    /// 1 or 3.
    pub channels: usize,
    /// The samples, by pixel.
    pub samples: Vec<u8>,
}

/// Pixels are of patients: only the size is shown.
impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}x{}", self.columns, self.rows, self.channels)
    }
}

impl Picture {
    /// As JPEG baseline, of a quality from 1 to 100.
    pub fn to_jpeg(&self, quality: u8) -> Result<Vec<u8>, Error> {
        self.check()?;
        let too_large = Error::Rendering("JPEG has at most 65,535 columns and rows");
        let columns = u16::try_from(self.columns).map_err(|_| too_large.clone())?;
        let rows = u16::try_from(self.rows).map_err(|_| too_large)?;
        Ok(jpeg::encode_baseline(&self.samples, columns, rows, self.channels, quality))
    }

    /// Scaled down to fit into so many columns and rows, its proportions kept. Never scaled up.
    #[must_use]
    pub fn fitted(self, viewport: (u32, u32)) -> Picture {
        super::scale::fit(self, viewport, 1.0)
    }

    /// As PNG (ISO/IEC 15948): every row filtered by its left neighbours.
    pub fn to_png(&self) -> Result<Vec<u8>, Error> {
        self.check()?;
        let width = self.columns as usize * self.channels;
        let mut rows = ZlibEncoder::new(Vec::new(), Compression::fast());
        let mut line = vec![0; width + 1];
        line[0] = 1;
        let unwritten = |_| Error::Rendering("the PNG encoder gave up");
        for row in self.samples.chunks_exact(width) {
            for place in 0..width {
                let left = if place < self.channels { 0 } else { row[place - self.channels] };
                line[place + 1] = row[place].wrapping_sub(left);
            }
            rows.write_all(&line).map_err(unwritten)?;
        }
        let rows = rows.finish().map_err(unwritten)?;
        let mut header = [self.columns.to_be_bytes(), self.rows.to_be_bytes()].concat();
        header.extend([8, if self.channels == 1 { 0 } else { 2 }, 0, 0, 0]);
        let mut out = b"\x89PNG\r\n\x1A\n".to_vec();
        for (kind, content) in [(b"IHDR", &header[..]), (b"IDAT", &rows), (b"IEND", &[])] {
            u32::try_from(content.len()).map_err(|_| Error::Rendering("too large for a PNG"))?;
            put_chunk(&mut out, *kind, content);
        }
        Ok(out)
    }

    fn check(&self) -> Result<(), Error> {
        let needed = u64::from(self.columns) * u64::from(self.rows) * self.channels as u64;
        match matches!(self.channels, 1 | 3) && needed > 0 && needed == self.samples.len() as u64 {
            true => Ok(()),
            false => Err(Error::Rendering("the picture is not of its size")),
        }
    }
}
