//! Lossless JPEG (ISO/IEC 10918-1, Annex H): a sample is predicted from those to the left, above and between, and the
//! difference is coded.

use super::bits::Bits;
use super::huffman::Huffman;
use super::markers::{Flaw, FrameHeader, ScanHeader, Tables};
use crate::pixel::codec::Decoded;
use crate::pixel::layout::Layout;

/// The samples so far, by pixel.
pub(super) struct Image {
    samples: Vec<u16>,
    scanned: Vec<bool>,
    is_lossy: bool,
}

/// What a scan needs for each line.
struct Scan<'t> {
    /// Component and table.
    components: Vec<(usize, &'t Huffman)>,
    predictor: u8,
    shift: u32,
    /// The prediction where there is nothing to predict from.
    middle: i32,
    /// The components of the frame.
    count: usize,
    columns: usize,
}

impl Image {
    pub fn new(header: &FrameHeader) -> Result<Self, &'static str> {
        if !header.is_unsampled() {
            return Err("lossless with components of different sampling is not supported");
        }
        let count = header.components.len();
        Ok(Image {
            samples: vec![0; header.rows * header.columns * count],
            scanned: vec![false; count],
            is_lossy: false,
        })
    }

    /// Decodes a scan that begins at `at`; the place of the marker behind it.
    pub fn scan(
        &mut self,
        header: &FrameHeader,
        scan: &ScanHeader,
        tables: &Tables,
        bytes: &[u8],
        at: usize,
    ) -> Result<usize, Flaw> {
        let scan =
            Scan::new(header, scan, tables).ok_or(("a lossless scan header or its table is wrong", at))?;
        let width = header.columns * scan.count;
        let lines = tables.restart_interval / header.columns;
        if !tables.restart_interval.is_multiple_of(header.columns) {
            return Err(("a restart interval that is no whole number of lines", at));
        }
        let mut bits = Bits::new(bytes, at);
        for row in 0..header.rows {
            let is_restart = lines > 0 && row > 0 && row % lines == 0;
            if is_restart && !bits.restart() {
                return Err(("no restart marker where one belongs", bits.at()));
            }
            let (before, rest) = self.samples.split_at_mut(row * width);
            // Nothing is predicted from a line behind a restart.
            let above = before.len().checked_sub(width).filter(|_| !is_restart).map(|begin| &before[begin..]);
            scan.line(&mut bits, above, &mut rest[..width]).ok_or(("bits that are no code", bits.at()))?;
            if bits.is_exhausted() {
                return Err(("ends within a scan", bits.at()));
            }
        }
        self.is_lossy |= scan.shift > 0;
        for (component, _) in &scan.components {
            self.scanned[*component] = true;
        }
        Ok(bits.end())
    }

    /// The image, if every component was scanned.
    pub fn finish(self, header: &FrameHeader, layout: &Layout) -> Result<Decoded, Flaw> {
        if !self.scanned.iter().all(|&scanned| scanned) {
            return Err(("ends before all components were scanned", usize::MAX));
        }
        Ok(Decoded {
            samples: self.samples,
            precision: header.precision,
            is_signed: false,
            photometric: layout.photometric,
            is_lossy: self.is_lossy,
        })
    }
}

impl<'t> Scan<'t> {
    fn new(header: &FrameHeader, scan: &ScanHeader, tables: &'t Tables) -> Option<Self> {
        let shift = u32::from(scan.approximation & 15);
        if !(1..=7).contains(&scan.start) || shift >= header.precision {
            return None;
        }
        let table = |tables_byte: u8| {
            let table = tables.dc.get(usize::from(tables_byte >> 4))?.as_ref()?;
            table.is_within(16).then_some(table)
        };
        let components = scan.components.iter().map(|each| Some((each.index, table(each.tables)?)));
        Some(Scan {
            components: components.collect::<Option<_>>()?,
            predictor: scan.start,
            shift,
            middle: 1 << (header.precision - shift - 1),
            count: header.components.len(),
            columns: header.columns,
        })
    }

    /// One line. Samples are kept as they are put out, moved up by the point transform.
    fn line(&self, bits: &mut Bits<'_>, above: Option<&[u16]>, line: &mut [u16]) -> Option<()> {
        let at = |samples: &[u16], place: usize| i32::from(samples[place] >> self.shift);
        for column in 0..self.columns {
            for &(component, table) in &self.components {
                let place = column * self.count + component;
                let left = place.wrapping_sub(self.count);
                let prediction = match above {
                    None if column == 0 => self.middle,
                    None => at(line, left),
                    Some(above) if column == 0 => at(above, place),
                    Some(above) => predict(self.predictor, at(line, left), at(above, place), at(above, left)),
                };
                bits.fill();
                let difference = match table.decode(bits)? {
                    16 => 32768,
                    category => bits.extended(u32::from(category)),
                };
                line[place] = ((prediction + difference) as u16) << self.shift;
            }
        }
        Some(())
    }
}

/// The predictors 1 to 7 (Annex H, table H.1).
#[inline]
fn predict(predictor: u8, left: i32, above: i32, corner: i32) -> i32 {
    match predictor {
        1 => left,
        2 => above,
        3 => corner,
        4 => left + above - corner,
        5 => left + ((above - corner) >> 1),
        6 => above + ((left - corner) >> 1),
        _ => (left + above) >> 1,
    }
}
