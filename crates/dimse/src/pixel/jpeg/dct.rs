//! DCT based JPEG (ISO/IEC 10918-1, Annexes F and G): sequential and progressive scans fill one store of coefficients,
//! which is transformed at the end.

use super::bits::Bits;
use super::huffman::Huffman;
use super::idct::idct;
use super::markers::{Flaw, FrameHeader, ScanHeader, Tables};
use super::upsample;
use crate::pixel::codec::Decoded;
use crate::pixel::colour;
use crate::pixel::layout::{Layout, Photometric};

/// Where the coefficients of a scan's order belong in a block.
pub(super) const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

type Block = [i16; 64];

/// The coefficients of one component.
struct Plane {
    blocks: Vec<Block>,
    /// Blocks of a line in the store, which is padded to whole units.
    stride: usize,
    /// Blocks that carry pixels.
    across: usize,
    down: usize,
    /// The table that held when its first scan began.
    quantization: Option<[u16; 64]>,
}

/// An image in the making.
pub(super) struct Image {
    planes: Vec<Plane>,
    across_max: usize,
    down_max: usize,
}

/// What is decoded in a scan, and how.
struct Scan<'t> {
    dc: Option<&'t Huffman>,
    ac: Option<&'t Huffman>,
    start: usize,
    end: usize,
    high: u32,
    low: u32,
    is_progressive: bool,
}

impl Image {
    pub fn new(header: &FrameHeader) -> Result<Self, &'static str> {
        if !matches!(header.precision, 8 | 12) {
            return Err("DCT samples of neither 8 nor 12 bits");
        }
        let across_max = header.components.iter().map(|each| each.across).max().unwrap_or(1);
        let down_max = header.components.iter().map(|each| each.down).max().unwrap_or(1);
        let units_across = header.columns.div_ceil(8 * across_max);
        let units_down = header.rows.div_ceil(8 * down_max);
        let planes = header.components.iter().map(|each| {
            let stride = units_across * each.across;
            Plane {
                blocks: vec![[0; 64]; stride * units_down * each.down],
                stride,
                across: (header.columns * each.across).div_ceil(across_max).div_ceil(8),
                down: (header.rows * each.down).div_ceil(down_max).div_ceil(8),
                quantization: None,
            }
        });
        Ok(Image { planes: planes.collect(), across_max, down_max })
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
        let ways: Option<Vec<Scan<'_>>> =
            scan.components.iter().map(|c| Scan::new(header, scan, c.tables, tables)).collect();
        let ways = ways.ok_or(("a scan header or its tables are wrong", at))?;
        for component in &scan.components {
            let table = tables.quantization[header.components[component.index].quantization];
            let plane = &mut self.planes[component.index];
            plane.quantization = plane.quantization.or(table);
        }
        let mut coder = Coder { bits: Bits::new(bytes, at), predictions: [0; 4], blocks_at_end: 0 };
        let units = self.units(header, scan);
        let (count, mut until_restart) = (units.0 * units.1, tables.restart_interval);
        for unit in 0..count {
            if tables.restart_interval > 0 {
                if until_restart == 0 {
                    if !coder.restart() {
                        return Err(("no restart marker where one belongs", coder.bits.at()));
                    }
                    until_restart = tables.restart_interval;
                }
                until_restart -= 1;
            }
            self.unit(header, scan, &ways, &mut coder, (unit % units.0, unit / units.0))
                .ok_or(("bits that are no code, or a coefficient outside its block", coder.bits.at()))?;
            if coder.bits.is_exhausted() {
                return Err(("ends within a scan", coder.bits.at()));
            }
        }
        Ok(coder.bits.end())
    }

    /// Units across and down: blocks where the scan has one component, else groups of all components' blocks.
    fn units(&self, header: &FrameHeader, scan: &ScanHeader) -> (usize, usize) {
        match scan.components.as_slice() {
            [only] => (self.planes[only.index].across, self.planes[only.index].down),
            _ => (header.columns.div_ceil(8 * self.across_max), header.rows.div_ceil(8 * self.down_max)),
        }
    }

    fn unit(
        &mut self,
        header: &FrameHeader,
        scan: &ScanHeader,
        ways: &[Scan<'_>],
        coder: &mut Coder<'_>,
        (x, y): (usize, usize),
    ) -> Option<()> {
        if let [only] = scan.components.as_slice() {
            let plane = &mut self.planes[only.index];
            let place = y * plane.stride + x;
            return coder.block(&ways[0], only.index, &mut plane.blocks[place]);
        }
        for (component, way) in scan.components.iter().zip(ways) {
            let factors = header.components[component.index];
            let plane = &mut self.planes[component.index];
            for down in 0..factors.down {
                for across in 0..factors.across {
                    let place = (y * factors.down + down) * plane.stride + x * factors.across + across;
                    coder.block(way, component.index, &mut plane.blocks[place])?;
                }
            }
        }
        Some(())
    }

    /// Transforms, brings all components to the size of the image, and colours to RGB.
    pub fn finish(self, header: &FrameHeader, tables: &Tables, layout: &Layout) -> Result<Decoded, Flaw> {
        let count = header.components.len();
        let mut samples = vec![0; header.rows * header.columns * count];
        for (index, plane) in self.planes.into_iter().enumerate() {
            let factors = header.components[index];
            let quantization =
                plane.quantization.ok_or(("a component without scan or quantization table", usize::MAX))?;
            let grid = transform(&plane, &quantization, header.precision);
            drop(plane.blocks);
            let grid = upsample::Grid {
                width: (header.columns * factors.across).div_ceil(self.across_max),
                height: (header.rows * factors.down).div_ceil(self.down_max),
                samples: grid,
                stride: plane.stride * 8,
            };
            let scale = (self.across_max, factors.across, self.down_max, factors.down);
            upsample::put(&grid, scale, &mut samples, (header.columns, header.rows), (index, count));
        }
        let is_ybr = is_ybr(header, tables, layout.photometric);
        if is_ybr {
            colour::ybr_to_rgb(&mut samples, header.precision);
        }
        let photometric = if count == 3 { Photometric::Rgb } else { layout.photometric };
        Ok(Decoded { samples, precision: header.precision, is_signed: false, photometric, is_lossy: true })
    }
}

/// Whether three components are luminance and chrominances: what the stream says, else what the data set says.
fn is_ybr(header: &FrameHeader, tables: &Tables, photometric: Photometric) -> bool {
    if header.components.len() != 3 {
        return false;
    }
    let names: Vec<u8> = header.components.iter().map(|component| component.id).collect();
    match tables.adobe {
        Some(transform) => transform == 1,
        None if tables.is_jfif || !header.is_unsampled() => true,
        None => names != *b"RGB" && photometric != Photometric::Rgb,
    }
}

fn transform(plane: &Plane, quantization: &[u16; 64], precision: u32) -> Vec<u16> {
    let stride = plane.stride * 8;
    let mut out = vec![0; plane.blocks.len() * 64];
    for (index, block) in plane.blocks.iter().enumerate() {
        let coefficients: [i32; 64] =
            std::array::from_fn(|at| i32::from(block[at]) * i32::from(quantization[at]));
        let place = index / plane.stride * 8 * stride + index % plane.stride * 8;
        idct(&coefficients, precision, &mut out[place..], stride);
    }
    out
}

impl<'t> Scan<'t> {
    fn new(header: &FrameHeader, scan: &ScanHeader, numbers: u8, tables: &'t Tables) -> Option<Self> {
        let is_progressive = header.code == 0xC2;
        let (start, end) =
            if is_progressive { (usize::from(scan.start), usize::from(scan.end)) } else { (0, 63) };
        let (high, low) = match is_progressive {
            true => (u32::from(scan.approximation >> 4), u32::from(scan.approximation & 15)),
            false => (0, 0),
        };
        let dc = tables.dc.get(usize::from(numbers >> 4))?.as_ref().filter(|table| table.is_within(15));
        let ac = tables.ac.get(usize::from(numbers & 15))?.as_ref();
        let is_dc_alone = start == 0 && end == 0;
        let is_fit = match is_progressive {
            true => is_dc_alone || (start > 0 && scan.components.len() == 1),
            false => true,
        };
        let needs_dc = start == 0 && high == 0;
        if end > 63
            || start > end
            || low > 13
            || !is_fit
            || (needs_dc && dc.is_none())
            || (end > 0 && ac.is_none())
        {
            return None;
        }
        Some(Scan { dc, ac, start, end, high, low, is_progressive })
    }
}

/// The state of the entropy decoder within a scan.
struct Coder<'a> {
    bits: Bits<'a>,
    predictions: [i32; 4],
    /// Blocks to come that hold nothing new (EOBRUN).
    blocks_at_end: u32,
}

impl Coder<'_> {
    fn restart(&mut self) -> bool {
        self.predictions = [0; 4];
        self.blocks_at_end = 0;
        self.bits.restart()
    }

    fn block(&mut self, scan: &Scan<'_>, component: usize, block: &mut Block) -> Option<()> {
        match (scan.is_progressive, scan.start, scan.high) {
            (false, _, _) => {
                self.dc_first(scan, component, block)?;
                self.ac_sequential(scan, block)
            }
            (true, 0, 0) => self.dc_first(scan, component, block),
            (true, 0, _) => {
                block[0] |= (self.bits.read(1) << scan.low) as i16;
                Some(())
            }
            (true, _, 0) => self.ac_first(scan, block),
            (true, _, _) => self.ac_refine(scan, block),
        }
    }

    fn dc_first(&mut self, scan: &Scan<'_>, component: usize, block: &mut Block) -> Option<()> {
        self.bits.fill();
        let category = scan.dc?.decode(&mut self.bits)?;
        let prediction = &mut self.predictions[component];
        *prediction = i32::from(prediction.wrapping_add(self.bits.extended(u32::from(category))) as i16);
        block[0] = (*prediction << scan.low) as i16;
        Some(())
    }

    fn ac_sequential(&mut self, scan: &Scan<'_>, block: &mut Block) -> Option<()> {
        let table = scan.ac?;
        let mut at = 1;
        while at < 64 {
            self.bits.fill();
            let symbol = table.decode(&mut self.bits)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if run != 15 {
                    break;
                }
                at += 16;
                continue;
            }
            at += run;
            *block.get_mut(*ZIGZAG.get(at)?)? = self.bits.extended(size) as i16;
            at += 1;
        }
        Some(())
    }

    fn ac_first(&mut self, scan: &Scan<'_>, block: &mut Block) -> Option<()> {
        if self.blocks_at_end > 0 {
            self.blocks_at_end -= 1;
            return Some(());
        }
        let mut at = scan.start;
        while at <= scan.end {
            self.bits.fill();
            let symbol = scan.ac?.decode(&mut self.bits)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            match (run, size) {
                (15, 0) => at += 16,
                (run, 0) => {
                    self.blocks_at_end = (1 << run) - 1 + self.bits.take(run as u32);
                    break;
                }
                _ => {
                    at += run;
                    let place = *ZIGZAG.get(at).filter(|_| at <= scan.end)?;
                    block[place] = (self.bits.extended(size) << scan.low) as i16;
                    at += 1;
                }
            }
        }
        Some(())
    }

    /// One more bit of coefficients that are there, and new ones of a single bit (Annex G.1.2.3).
    fn ac_refine(&mut self, scan: &Scan<'_>, block: &mut Block) -> Option<()> {
        let bit = 1_i16 << scan.low;
        let mut at = scan.start;
        if self.blocks_at_end == 0 {
            while at <= scan.end {
                self.bits.fill();
                let symbol = scan.ac?.decode(&mut self.bits)?;
                let (run, size) = (usize::from(symbol >> 4), symbol & 15);
                let mut fresh = 0;
                if size == 1 {
                    fresh = if self.bits.take(1) == 1 { bit } else { -bit };
                } else if size != 0 {
                    return None;
                } else if run < 15 {
                    self.blocks_at_end = (1 << run) + self.bits.take(run as u32);
                    break;
                }
                at = self.refine(scan, block, at, run, bit);
                if fresh != 0 {
                    block[*ZIGZAG.get(at).filter(|_| at <= scan.end)?] = fresh;
                }
                at += 1;
            }
        }
        if self.blocks_at_end > 0 {
            self.refine(scan, block, at, usize::MAX, bit);
            self.blocks_at_end -= 1;
        }
        Some(())
    }

    /// Refines coefficients that are there until `zeros` of those that are not have been passed; the place behind.
    fn refine(
        &mut self,
        scan: &Scan<'_>,
        block: &mut Block,
        mut at: usize,
        mut zeros: usize,
        bit: i16,
    ) -> usize {
        while at <= scan.end {
            let coefficient = &mut block[ZIGZAG[at]];
            if *coefficient == 0 {
                if zeros == 0 {
                    break;
                }
                zeros -= 1;
            } else if self.bits.read(1) == 1 && *coefficient & bit == 0 {
                *coefficient = coefficient.wrapping_add(if *coefficient > 0 { bit } else { -bit });
            }
            at += 1;
        }
        at
    }
}
