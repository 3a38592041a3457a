//! A codestream of one code-block, taken apart and written again with other passes and layers.

use klinke_dimse::pixel::{Frame, Layout};

/// Values of six bits around the middle: the bit-plane that is put below them fits as well.
pub fn picture(layout: Layout) -> Frame {
    let mut state = 1_u32;
    let mut samples = Vec::new();
    for place in 0..layout.pixels() as u32 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Much of it is zero: there the first pass that refines finds what is new.
        let value = if state >> 30 == 0 { (state >> 20) % 60 } else { u32::from(place.is_multiple_of(7)) };
        samples.push((128 + if state >> 29 & 1 == 0 { value as i32 } else { -(value as i32) }) as u8);
    }
    Frame { layout, samples, is_lossy: false }
}

/// The code-block that all of a picture fits into.
pub fn block(columns: u16, rows: u16) -> (u32, u32) {
    let exponent = |length: u16| u32::from(length).next_power_of_two().max(4);
    (exponent(columns), exponent(rows))
}

/// What is written.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Sets of three passes without bytes before the first.
    pub placeholders: u32,
    /// New passes in each layer; the first has the cleanup pass.
    pub layers: Vec<u32>,
    pub is_causal: bool,
    /// By how many bit-planes the code-block is higher than it was.
    pub raised: u32,
    /// Whether the last layer ends with one more cleanup pass, and whether that has bytes.
    pub again: Option<bool>,
    /// The bytes of the passes that refine, for each layer after the cleanup pass.
    pub bytes: Vec<Vec<u8>>,
}

/// Any bytes that a segment may have: none above 7F behind FF.
fn any_bytes(count: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::new();
    for _ in 0..count {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let byte = if state >> 28 == 0 { 0xFF } else { (state >> 16) as u8 };
        bytes.push(if bytes.last() == Some(&0xFF) { byte & 0x7F } else { byte });
    }
    // The last must not be FF.
    bytes.extend((count > 0).then_some(0x35));
    bytes
}

pub fn plans() -> Vec<Plan> {
    let mut plans = Vec::new();
    for is_causal in [false, true] {
        for placeholders in [0, 1, 2] {
            for (passes, count, seed) in
                [(1, 0, 1), (2, 1, 2), (2, 40, 3), (3, 7, 4), (3, 300, 5), (3, 2000, 6)]
            {
                let bytes = vec![any_bytes(count, seed)];
                let (raised, layers) = (1 + placeholders, vec![passes]);
                plans.push(Plan { placeholders, raised, layers, is_causal, again: None, bytes });
            }
        }
        let layered =
            [(vec![1, 2], vec![0, 200]), (vec![2, 1], vec![100, 100]), (vec![1, 1, 1], vec![0, 90, 150])];
        for (layers, counts) in layered {
            let bytes = counts.iter().map(|&count| any_bytes(count, 7 + count as u32)).collect();
            plans.push(Plan { placeholders: 0, raised: 1, layers, is_causal, again: None, bytes });
        }
    }
    plans
}

impl Plan {
    /// Passes with some bytes.
    pub fn of(placeholders: u32, raised: u32, layers: &[u32], again: Option<bool>) -> Self {
        let bytes = layers.iter().map(|_| any_bytes(50, 1)).collect();
        Plan { placeholders, raised, layers: layers.to_vec(), is_causal: false, again, bytes }
    }
}

/// The parts of a codestream of one code-block.
pub struct Single {
    /// Up to the first tile-part.
    main: Vec<u8>,
    empty_planes: u32,
    cleanup: Vec<u8>,
}

fn place(bytes: &[u8], marker: [u8; 2]) -> usize {
    bytes.windows(2).position(|two| two == marker).expect("a marker")
}

impl Single {
    pub fn read(coded: &[u8]) -> Self {
        let (tile, data) = (place(coded, [0xFF, 0x90]), place(coded, [0xFF, 0x93]) + 2);
        let mut bits = Reader { bytes: &coded[data..], at: 0, left: 0 };
        // A packet that is there, a block that is in it.
        assert_eq!((bits.bit(), bits.bit()), (1, 1));
        let empty_planes = (0..).take_while(|_| bits.bit() == 0).count() as u32;
        assert_eq!(bits.bit(), 0, "one pass");
        let more = (0..).take_while(|_| bits.bit() == 1).count();
        let length = (0..3 + more).fold(0, |length, _| length << 1 | bits.bit()) as usize;
        let begin = data + bits.at + usize::from(coded[data + bits.at - 1] == 0xFF);
        Single { main: coded[..tile].to_vec(), empty_planes, cleanup: coded[begin..begin + length].to_vec() }
    }

    /// The same code-block some bit-planes higher, with passes below it.
    pub fn write(&self, plan: &Plan) -> Vec<u8> {
        let mut out = self.main.clone();
        let style = place(&out, [0xFF, 0x52]);
        out[style + 7] = plan.layers.len() as u8;
        out[style + 12] |= if plan.is_causal { 8 } else { 0 };
        let quantization = place(&out, [0xFF, 0x5C]);
        out[quantization + 5] += (plan.raised as u8) << 3;
        let data = self.packets(plan);
        out.extend([0xFF, 0x90, 0, 10, 0, 0]);
        out.extend((data.len() as u32 + 14).to_be_bytes());
        out.extend([0, 1, 0xFF, 0x93]);
        out.extend(data);
        out.extend([0xFF, 0xD9]);
        out
    }

    fn packets(&self, plan: &Plan) -> Vec<u8> {
        let mut out = Vec::new();
        let mut begun = 0;
        for (layer, (&passes, bytes)) in plan.layers.iter().zip(&plan.bytes).enumerate() {
            let mut bits = Writer { bytes: Vec::new(), byte: 0, left: 8 };
            bits.put(0b1, 1);
            bits.put(1, 1);
            let again = plan.again.filter(|_| layer + 1 == plan.layers.len());
            let skipped = if layer == 0 { plan.placeholders * 3 } else { 0 };
            if layer == 0 {
                // Each set of passes that only holds a place stands for one of the planes that are empty.
                bits.put(1, self.empty_planes + 1);
            }
            match passes + skipped + u32::from(again.is_some()) {
                1 => bits.put(0, 1),
                2 => bits.put(0b10, 2),
                few @ 3..=5 => bits.put(0b1100 | (few - 3), 4),
                many => bits.put(0b1111 << 5 | (many - 6), 9),
            }
            // Lengths of 16 bits, wherever they begin.
            bits.put(if begun == 0 { (1 << 14) - 2 } else { 0 }, if begun == 0 { 14 } else { 1 });
            if layer == 0 {
                bits.put(self.cleanup.len() as u32, 16 + (skipped + 1).ilog2());
            }
            let refining = if layer == 0 { passes - 1 } else { passes };
            if refining > 0 {
                bits.put(bytes.len() as u32, 16 + refining - 1);
            }
            let cleanup = if again == Some(true) { &self.cleanup[..] } else { &[] };
            if again.is_some() {
                bits.put(cleanup.len() as u32, 16);
            }
            out.extend(bits.finish());
            out.extend(if layer == 0 { &self.cleanup[..] } else { &[] });
            out.extend(if refining > 0 { &bytes[..] } else { &[] });
            out.extend(cleanup);
            begun += passes;
        }
        out
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    left: u32,
}

impl Reader<'_> {
    fn bit(&mut self) -> u32 {
        if self.left == 0 {
            let is_stuffed = self.at > 0 && self.bytes[self.at - 1] == 0xFF;
            self.left = if is_stuffed { 7 } else { 8 };
            self.at += 1;
        }
        self.left -= 1;
        u32::from(self.bytes[self.at - 1] >> self.left & 1)
    }
}

struct Writer {
    bytes: Vec<u8>,
    byte: u8,
    left: u32,
}

impl Writer {
    fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            self.left -= 1;
            self.byte |= ((value >> bit & 1) as u8) << self.left;
            if self.left == 0 {
                self.left = if self.byte == 0xFF { 7 } else { 8 };
                self.bytes.push(self.byte);
                self.byte = 0;
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.left < 8 {
            self.bytes.push(self.byte);
        }
        if self.bytes.last() == Some(&0xFF) {
            self.bytes.push(0);
        }
        self.bytes
    }
}
