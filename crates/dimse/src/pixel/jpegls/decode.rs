//! Decoding scans of JPEG-LS.

use super::bits::Bits;
use super::model::{Model, Preset, RUN_BITS};
use crate::pixel::codec::Decoded;
use crate::pixel::jpeg::Flaw;
use crate::pixel::jpeg::markers::{self, EOI, FrameHeader, SOS, ScanHeader};
use crate::pixel::layout::Layout;

/// The longest runs take a bit for 32,768 samples.
const SAMPLES_PER_BYTE_MAX: usize = 8 << 15;

/// Decodes one frame.
pub(super) fn decode(bytes: &[u8], layout: &Layout) -> Result<Decoded, Flaw> {
    let mut at = 0;
    let mut preset = None;
    let mut is_lossy = false;
    let mut frame: Option<(FrameHeader, Vec<u16>, Vec<bool>)> = None;
    while let Some(segment) = markers::next(bytes, at)? {
        at = segment.at + segment.payload.len();
        match segment.code {
            EOI => break,
            0xF7 if frame.is_some() => return Err(("a second frame header", segment.at)),
            0xF7 => {
                let header = FrameHeader::read(&segment, layout)?;
                let count = header.rows * header.columns * header.components.len();
                if !header.is_unsampled() {
                    return Err(("components of different sampling are not supported", segment.at));
                }
                if count / SAMPLES_PER_BYTE_MAX > bytes.len() {
                    return Err(("too few bytes for Rows and Columns", segment.at));
                }
                let scanned = vec![false; header.components.len()];
                frame = Some((header, vec![0; count], scanned));
            }
            0xF8 => {
                preset =
                    read_preset(segment.payload).ok_or(("parameters that are not supported", segment.at))?
            }
            0xDD if segment.payload.iter().any(|&byte| byte != 0) => {
                return Err(("restart markers are not supported", segment.at));
            }
            0xC0..=0xC3 | 0xC5..=0xCF => return Err(("not a JPEG-LS frame", segment.at)),
            SOS => {
                let (header, samples, scanned) =
                    frame.as_mut().ok_or(("a scan before the frame header", segment.at))?;
                let scan = ScanHeader::read(&segment, header)?;
                if scan.components.iter().any(|component| scanned[component.index]) {
                    return Err(("a component that was scanned before", segment.at));
                }
                is_lossy |= scan.start > 0;
                at = Scan::new(header, &scan, preset, bytes, at)?.decode(samples)?;
                scan.components.iter().for_each(|component| scanned[component.index] = true);
            }
            _ => {}
        }
    }
    match frame {
        Some((header, samples, scanned)) if scanned.iter().all(|&scanned| scanned) => Ok(Decoded {
            samples,
            precision: header.precision,
            is_signed: false,
            photometric: layout.photometric,
            is_lossy,
        }),
        Some(_) => Err(("ends before all components were scanned", bytes.len())),
        None => Err(("no frame header", bytes.len())),
    }
}

/// The parameters of an LSE segment; zeros stand for the default. None for tables and sizes.
fn read_preset(payload: &[u8]) -> Option<Option<[u16; 5]>> {
    let (&kind, rest) = payload.split_first()?;
    let numbers = rest.first_chunk::<10>()?;
    let mut values = [0; 5];
    for (value, pair) in values.iter_mut().zip(numbers.as_chunks::<2>().0) {
        *value = u16::from_be_bytes(*pair);
    }
    (kind == 1).then_some(Some(values))
}

struct Scan<'a> {
    model: Model,
    bits: Bits<'a>,
    /// The components of this scan, by their place in the pixel.
    components: Vec<usize>,
    is_by_sample: bool,
    count: usize,
    columns: usize,
    /// For each component, the line before and this one, a sample of margin at either side.
    lines: Vec<[Vec<i32>; 2]>,
    run_states: Vec<usize>,
}

impl<'a> Scan<'a> {
    fn new(
        header: &FrameHeader,
        scan: &ScanHeader,
        preset: Option<[u16; 5]>,
        bytes: &'a [u8],
        at: usize,
    ) -> Result<Self, Flaw> {
        let near = i32::from(scan.start);
        let max = (1 << header.precision) - 1;
        let set = preset.unwrap_or_default().map(i32::from);
        let max = if set[0] == 0 { max } else { set[0] };
        let default = Preset::default_of(max, near);
        let or = |value: i32, default: i32| if value == 0 { default } else { value };
        let [first, second, third] = default.thresholds;
        let preset = Preset {
            max,
            thresholds: [or(set[1], first), or(set[2], second), or(set[3], third)],
            reset: or(set[4], default.reset),
        };
        if near > max / 2 || !preset.is_valid(header.precision, near) {
            return Err(("the parameters contradict each other", at));
        }
        let components: Vec<usize> = scan.components.iter().map(|component| component.index).collect();
        if scan.end > 2 || (scan.end == 0) != (components.len() == 1) && components.len() > 1 {
            return Err(("an interleave mode that does not fit the components", at));
        }
        if scan.components.iter().any(|component| component.tables != 0) || scan.approximation != 0 {
            return Err(("mapping tables and point transforms are not supported", at));
        }
        let line = || [vec![0; header.columns + 2], vec![0; header.columns + 2]];
        Ok(Scan {
            model: Model::new(&preset, near),
            bits: Bits::new(bytes, at),
            lines: components.iter().map(|_| line()).collect(),
            run_states: vec![0; components.len()],
            is_by_sample: scan.end == 2 && components.len() > 1,
            components,
            count: header.components.len(),
            columns: header.columns,
        })
    }

    /// Decodes into samples by pixel; the place behind the scan.
    fn decode(mut self, samples: &mut [u16]) -> Result<usize, Flaw> {
        let what = "bits that are no code, or a run behind the end of its line";
        for line in samples.chunks_exact_mut(self.columns * self.count) {
            for [above, this] in &mut self.lines {
                std::mem::swap(above, this);
                above[self.columns + 1] = above[self.columns];
                this[0] = above[1];
            }
            if self.is_by_sample {
                self.line_by_sample().ok_or((what, self.bits.at()))?;
            } else {
                for component in 0..self.components.len() {
                    self.line(component).ok_or((what, self.bits.at()))?;
                }
            }
            if self.bits.is_exhausted() {
                return Err(("ends within a scan", self.bits.at()));
            }
            for (&component, [_, this]) in self.components.iter().zip(&self.lines) {
                for (pixel, &sample) in line.chunks_exact_mut(self.count).zip(&this[1..]) {
                    pixel[component] = sample as u16;
                }
            }
        }
        Ok(self.bits.at())
    }

    /// One line of one component.
    fn line(&mut self, component: usize) -> Option<()> {
        let [above, this] = &mut self.lines[component];
        let (model, bits, state) = (&mut self.model, &mut self.bits, &mut self.run_states[component]);
        let (mut left, mut corner, mut over) = (this[0], above[0], above[1]);
        let mut x = 1;
        while x <= self.columns {
            let right = above[x + 1];
            let neighbourhood = model.neighbourhood(left, over, corner, right);
            if neighbourhood != 0 {
                left = regular(model, bits, neighbourhood, left, over, corner)?;
                this[x] = left;
                x += 1;
                (corner, over) = (over, right);
                continue;
            }
            let length = run(bits, state, self.columns + 1 - x)?;
            this[x..x + length].fill(left);
            x += length;
            if x <= self.columns {
                left = run_end(model, bits, *state, left, above[x])?;
                *state = state.saturating_sub(1);
                this[x] = left;
                x += 1;
            }
            (corner, over) = (above[x - 1], above[x.min(self.columns + 1)]);
        }
        Some(())
    }

    /// One line of all components, pixel by pixel. A run is one of all of them.
    fn line_by_sample(&mut self) -> Option<()> {
        let (model, bits, state) = (&mut self.model, &mut self.bits, &mut self.run_states[0]);
        let mut x = 1;
        while x <= self.columns {
            let mut contexts = [0; 4];
            for (context, [above, this]) in contexts.iter_mut().zip(&self.lines) {
                *context = model.neighbourhood(this[x - 1], above[x], above[x - 1], above[x + 1]);
            }
            if contexts.iter().any(|&context| context != 0) {
                for ([above, this], context) in self.lines.iter_mut().zip(contexts) {
                    this[x] = regular(model, bits, context, this[x - 1], above[x], above[x - 1])?;
                }
                x += 1;
                continue;
            }
            let length = run(bits, state, self.columns + 1 - x)?;
            for [_, this] in &mut self.lines {
                let left = this[x - 1];
                this[x..x + length].fill(left);
            }
            x += length;
            if x <= self.columns {
                for [above, this] in &mut self.lines {
                    this[x] = run_end_by_sample(model, bits, *state, this[x - 1], above[x])?;
                }
                *state = state.saturating_sub(1);
                x += 1;
            }
        }
        Some(())
    }
}

#[inline]
fn regular(
    model: &mut Model,
    bits: &mut Bits<'_>,
    neighbourhood: i32,
    left: i32,
    above: i32,
    corner: i32,
) -> Option<i32> {
    let coding = model.coding(neighbourhood, left, above, corner);
    let number = bits.golomb(coding.k, model.limit, model.error_bits)?;
    let mut error = if number & 1 == 0 { number >> 1 } else { -((number + 1) >> 1) };
    // Codes of k bits can be longer than any error; such an error is none.
    if error.abs() > model.range {
        return None;
    }
    if coding.is_inverted {
        error = -error - 1;
    }
    model.update(coding.context, error);
    Some(model.sample(coding.prediction, error, coding.is_negative))
}

/// The length of a run of at most this many samples (A.7.1.2).
fn run(bits: &mut Bits<'_>, state: &mut usize, most: usize) -> Option<usize> {
    let mut length = 0;
    while bits.take(1) == 1 {
        let block = 1_usize << RUN_BITS[*state];
        if block > most - length {
            return Some(most);
        }
        length += block;
        *state = (*state + 1).min(31);
        if length == most {
            return Some(most);
        }
    }
    length += bits.take(RUN_BITS[*state]) as usize;
    (length < most).then_some(length)
}

/// The sample that ends a run (A.7.2).
fn run_end(model: &mut Model, bits: &mut Bits<'_>, state: usize, left: i32, above: i32) -> Option<i32> {
    let kind = usize::from((left - above).abs() <= model.near);
    let error = run_end_error(model, bits, state, kind)?;
    let prediction = if kind == 1 { left } else { above };
    Some(model.sample(prediction, error, kind == 0 && left > above))
}

fn run_end_by_sample(
    model: &mut Model,
    bits: &mut Bits<'_>,
    state: usize,
    left: i32,
    above: i32,
) -> Option<i32> {
    let error = run_end_error(model, bits, state, 0)?;
    Some(model.sample(above, error, left > above))
}

fn run_end_error(model: &mut Model, bits: &mut Bits<'_>, state: usize, kind: usize) -> Option<i32> {
    let k = model.run_parameter(kind);
    let number = bits.golomb(k, model.limit.checked_sub(RUN_BITS[state] + 1)?, model.error_bits)?;
    if number > 2 * model.range {
        return None;
    }
    let error = model.run_error(kind, k, number);
    model.run_update(kind, error, number);
    Some(error)
}
