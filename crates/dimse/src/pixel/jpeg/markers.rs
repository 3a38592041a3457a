//! Marker segments of JPEG and JPEG-LS (ISO/IEC 10918-1, Annex B).

use super::huffman::Huffman;
use crate::pixel::layout::Layout;

/// What is wrong, and where.
pub(in crate::pixel) type Flaw = (&'static str, usize);

/// One marker and what its segment holds.
#[derive(Debug, Clone, Copy)]
pub(in crate::pixel) struct Segment<'a> {
    /// The code of the marker, without FF.
    pub code: u8,
    /// Where the payload begins.
    pub at: usize,
    /// What follows the length.
    pub payload: &'a [u8],
}

pub(in crate::pixel) const SOI: u8 = 0xD8;
pub(in crate::pixel) const EOI: u8 = 0xD9;
pub(in crate::pixel) const SOS: u8 = 0xDA;

/// The marker segment at or behind this place; none at the end of the bytes.
pub(in crate::pixel) fn next(bytes: &[u8], mut at: usize) -> Result<Option<Segment<'_>>, Flaw> {
    while at < bytes.len() && bytes[at] != 0xFF {
        at += 1;
    }
    while bytes.get(at) == Some(&0xFF) {
        at += 1;
    }
    let Some(&code) = bytes.get(at) else { return Ok(None) };
    at += 1;
    if matches!(code, 0x00 | 0x01 | 0xD0..=0xD9) {
        return Ok(Some(Segment { code, at, payload: &[] }));
    }
    let length = bytes.get(at..at + 2).ok_or(("ends within a marker segment", bytes.len()))?;
    let length = usize::from(length[0]) << 8 | usize::from(length[1]);
    let payload = bytes.get(at + 2..at + length.max(2)).filter(|_| length >= 2);
    Ok(Some(Segment {
        code,
        at: at + 2,
        payload: payload.ok_or(("a marker segment's length is wrong", at))?,
    }))
}

/// A component of a frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pixel) struct Component {
    /// Its identifier.
    pub id: u8,
    /// Horizontal sampling factor.
    pub across: usize,
    /// Vertical sampling factor.
    pub down: usize,
    /// Its quantization table.
    pub quantization: usize,
}

/// A frame header (SOFn), checked against the layout.
#[derive(Debug, Clone)]
pub(in crate::pixel) struct FrameHeader {
    /// The code of its marker.
    pub code: u8,
    /// Bits of a sample.
    pub precision: u32,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Its components.
    pub components: Vec<Component>,
}

impl FrameHeader {
    /// Reads a frame header: nothing is done for one that says another size than the data set.
    pub fn read(segment: &Segment<'_>, layout: &Layout) -> Result<FrameHeader, Flaw> {
        let (bytes, at) = (segment.payload, segment.at);
        let &[precision, y1, y0, x1, x0, count, ref rest @ ..] = bytes else {
            return Err(("ends within its frame header", at));
        };
        let (rows, columns) = (u16::from_be_bytes([y1, y0]), u16::from_be_bytes([x1, x0]));
        if rows != layout.rows {
            return Err(("the frame header's lines are not Rows (0028,0010)", at + 1));
        }
        if columns != layout.columns {
            return Err(("the frame header's columns are not Columns (0028,0011)", at + 3));
        }
        if u16::from(count) != layout.samples {
            return Err(("the frame header's components are not Samples per Pixel (0028,0002)", at + 5));
        }
        if precision < 2 || u16::from(precision) > layout.bits_allocated.min(16) {
            return Err(("the frame header's precision does not fit Bits Allocated (0028,0100)", at));
        }
        let components =
            rest.as_chunks::<3>().0.iter().take(usize::from(count)).map(|&[id, factors, quantization]| {
                let (across, down) = (usize::from(factors >> 4), usize::from(factors & 15));
                Component { id, across, down, quantization: usize::from(quantization) }
            });
        let components: Vec<Component> = components.collect();
        let is_wrong =
            |c: &Component| !(1..=4).contains(&c.across) || !(1..=4).contains(&c.down) || c.quantization > 3;
        if components.len() != usize::from(count) || components.iter().any(is_wrong) {
            return Err(("a component of the frame header is wrong", at + 6));
        }
        Ok(FrameHeader {
            code: segment.code,
            precision: u32::from(precision),
            rows: usize::from(rows),
            columns: usize::from(columns),
            components,
        })
    }

    /// Whether all components have a sample for each pixel.
    pub fn is_unsampled(&self) -> bool {
        let first = self.components[0];
        self.components.iter().all(|each| (each.across, each.down) == (first.across, first.down))
    }
}

/// A component of a scan.
#[derive(Debug, Clone, Copy)]
pub(in crate::pixel) struct ScanComponent {
    /// Its place among those of the frame.
    pub index: usize,
    /// Both tables: DC and AC of JPEG, the mapping table of JPEG-LS.
    pub tables: u8,
}

/// A scan header (SOS).
#[derive(Debug, Clone)]
pub(in crate::pixel) struct ScanHeader {
    /// Its components.
    pub components: Vec<ScanComponent>,
    /// Begin of the spectral selection, the predictor or NEAR.
    pub start: u8,
    /// End of the spectral selection, or the interleave mode.
    pub end: u8,
    /// Both bit positions of the successive approximation; the lower is the point transform.
    pub approximation: u8,
}

impl ScanHeader {
    /// Reads a scan header.
    pub fn read(segment: &Segment<'_>, frame: &FrameHeader) -> Result<ScanHeader, Flaw> {
        let wrong = ("its scan header is wrong", segment.at);
        let (&count, rest) = segment.payload.split_first().ok_or(wrong)?;
        let (pairs, end) = rest.split_at_checked(usize::from(count) * 2).ok_or(wrong)?;
        let &[start, end, approximation, ..] = end else { return Err(wrong) };
        let mut components: Vec<ScanComponent> = Vec::new();
        for &[id, tables] in pairs.as_chunks::<2>().0 {
            let index = frame.components.iter().position(|component| component.id == id).ok_or(wrong)?;
            if components.iter().any(|known| known.index == index) {
                return Err(wrong);
            }
            components.push(ScanComponent { index, tables });
        }
        if components.is_empty() {
            return Err(wrong);
        }
        Ok(ScanHeader { components, start, end, approximation })
    }
}

/// Tables and what else holds for all that follows.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub dc: [Option<Huffman>; 4],
    pub ac: [Option<Huffman>; 4],
    pub quantization: [Option<[u16; 64]>; 4],
    pub restart_interval: usize,
    pub is_jfif: bool,
    /// The colour transformation that an Adobe segment says.
    pub adobe: Option<u8>,
}

impl Tables {
    /// Takes in a segment of tables or of miscellany; others are of no interest.
    pub fn read(&mut self, segment: &Segment<'_>) -> Result<(), Flaw> {
        let payload = segment.payload;
        match segment.code {
            0xC4 => self.read_huffman(payload).ok_or(("a Huffman table is wrong", segment.at)),
            0xDB => self.read_quantization(payload).ok_or(("a quantization table is wrong", segment.at)),
            0xDD => {
                let bytes =
                    payload.first_chunk::<2>().ok_or(("the restart interval is wrong", segment.at))?;
                self.restart_interval = usize::from(u16::from_be_bytes(*bytes));
                Ok(())
            }
            0xE0 => {
                self.is_jfif |= payload.starts_with(b"JFIF\0");
                Ok(())
            }
            0xEE if payload.starts_with(b"Adobe") => {
                self.adobe = payload.get(11).copied();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn read_huffman(&mut self, mut rest: &[u8]) -> Option<()> {
        while let Some((&head, after)) = rest.split_first() {
            let (counts, after) = after.split_first_chunk::<16>()?;
            let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, after) = after.split_at_checked(total)?;
            let tables = if head >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(head & 15))? = Some(Huffman::new(counts, symbols)?);
            rest = after;
        }
        Some(())
    }

    fn read_quantization(&mut self, mut rest: &[u8]) -> Option<()> {
        while let Some((&head, after)) = rest.split_first() {
            let mut table = [0; 64];
            let width = if head >> 4 == 0 { 1 } else { 2 };
            let (numbers, after) = after.split_at_checked(64 * width)?;
            for (place, number) in super::dct::ZIGZAG.iter().zip(numbers.chunks(width)) {
                table[*place] = number.iter().fold(0, |sum, &byte| sum << 8 | u16::from(byte));
            }
            *self.quantization.get_mut(usize::from(head & 15))? = Some(table);
            rest = after;
        }
        Some(())
    }
}
