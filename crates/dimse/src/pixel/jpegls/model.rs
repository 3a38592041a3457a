//! The model that coder and decoder share: parameters, contexts, prediction (T.87, Annexes A and C).

/// Counts of the contexts of runs' ends begin here.
const CONTEXTS: usize = 365;

/// How many bits the length of a run takes, by the state of runs (A.2.1).
pub(super) const RUN_BITS: [u32; 32] =
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// The preset parameters (C.2.4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Preset {
    pub max: i32,
    pub thresholds: [i32; 3],
    pub reset: i32,
}

impl Preset {
    /// The default values (C.2.4.1.1.1).
    pub fn default_of(max: i32, near: i32) -> Self {
        let thresholds = if max >= 128 {
            let factor = (max.min(4095) + 128) >> 8;
            [factor + 2 + 3 * near, 4 * factor + 3 + 5 * near, 17 * factor + 4 + 7 * near]
        } else {
            let factor = 256 / (max + 1);
            [(3 / factor + 3 * near).max(2), (7 / factor + 5 * near).max(3), (21 / factor + 7 * near).max(4)]
        };
        let mut least = near + 1;
        let thresholds = thresholds.map(|threshold| {
            least = if threshold < least || threshold > max { least } else { threshold };
            least
        });
        Preset { max, thresholds, reset: 64 }
    }

    /// Whether values are such as C.2.4.1.1 allows; no image needs more than 255 samples between halvings.
    pub fn is_valid(&self, precision: u32, near: i32) -> bool {
        let [first, second, third] = self.thresholds;
        (1..1 << precision).contains(&self.max)
            && (near + 1..=self.max).contains(&first)
            && (first..=self.max).contains(&second)
            && (second..=self.max).contains(&third)
            && (3..=255).contains(&self.reset)
    }
}

/// A context of samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    sum: i32,
    bias: i32,
    correction: i32,
    count: i32,
}

/// A context of the ends of runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunContext {
    sum: i32,
    count: i32,
    negatives: i32,
}

/// The state of the coder in a scan.
#[derive(Debug)]
pub(super) struct Model {
    pub near: i32,
    pub max: i32,
    pub range: i32,
    /// Bits of an error that is coded whole.
    pub error_bits: u32,
    /// The longest code.
    pub limit: u32,
    step: i32,
    reset: i32,
    thresholds: [i32; 3],
    /// Quantized differences, looked up from `-max` to `max`.
    quantized: Vec<i8>,
    contexts: Vec<Context>,
    runs: [RunContext; 2],
}

/// How the next sample is coded in a context.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coding {
    pub context: usize,
    /// Whether the error is counted the other way round.
    pub is_negative: bool,
    pub prediction: i32,
    /// The parameter of the Golomb code.
    pub k: u32,
    /// Whether errors are mapped the other way round.
    pub is_inverted: bool,
}

impl Model {
    pub fn new(preset: &Preset, near: i32) -> Self {
        let max = preset.max;
        let range = (max + 2 * near) / (2 * near + 1) + 1;
        let bits = |values: i32| 32 - (values - 1).leading_zeros();
        let sample_bits = bits(max + 1).max(2);
        let sum = ((range + 32) / 64).max(2);
        let mut model = Model {
            near,
            max,
            range,
            error_bits: bits(range),
            limit: 2 * (sample_bits + sample_bits.max(8)),
            step: 2 * near + 1,
            reset: preset.reset,
            thresholds: preset.thresholds,
            quantized: Vec::new(),
            contexts: vec![Context { sum, bias: 0, correction: 0, count: 1 }; CONTEXTS],
            runs: [RunContext { sum, count: 1, negatives: 0 }; 2],
        };
        model.quantized = (-max..=max).map(|difference| model.quantize(difference)).collect();
        model
    }

    fn quantize(&self, difference: i32) -> i8 {
        let [first, second, third] = self.thresholds;
        let size = difference.abs();
        let level = match size {
            _ if size <= self.near => 0,
            _ if size < first => 1,
            _ if size < second => 2,
            _ if size < third => 3,
            _ => 4,
        };
        if difference < 0 { -level } else { level }
    }

    #[inline]
    fn level(&self, difference: i32) -> i32 {
        i32::from(self.quantized[(difference + self.max) as usize])
    }

    /// The context of the neighbours left, above, above left and above right; zero stands for a run.
    #[inline]
    pub fn neighbourhood(&self, left: i32, above: i32, corner: i32, right: i32) -> i32 {
        (self.level(right - above) * 9 + self.level(above - corner)) * 9 + self.level(corner - left)
    }

    /// How a sample in this neighbourhood is coded (A.4.1 to A.5.1).
    #[inline]
    pub fn coding(&self, neighbourhood: i32, left: i32, above: i32, corner: i32) -> Coding {
        let is_negative = neighbourhood < 0;
        let context = neighbourhood.unsigned_abs() as usize;
        let state = &self.contexts[context];
        let median = match corner {
            _ if corner >= left.max(above) => left.min(above),
            _ if corner <= left.min(above) => left.max(above),
            _ => left + above - corner,
        };
        let correction = if is_negative { -state.correction } else { state.correction };
        let k = golomb(state.count, state.sum);
        Coding {
            context,
            is_negative,
            prediction: (median + correction).clamp(0, self.max),
            k,
            is_inverted: self.near == 0 && k == 0 && 2 * state.bias <= -state.count,
        }
    }

    /// Takes an error into its context (A.6).
    #[inline]
    pub fn update(&mut self, context: usize, error: i32) {
        let state = &mut self.contexts[context];
        state.sum += error.abs();
        state.bias += error * self.step;
        if state.count == self.reset {
            state.sum >>= 1;
            state.bias >>= 1;
            state.count >>= 1;
        }
        state.count += 1;
        if state.bias <= -state.count {
            state.bias = (state.bias + state.count).max(1 - state.count);
            state.correction = (state.correction - 1).max(-128);
        } else if state.bias > 0 {
            state.bias = (state.bias - state.count).min(0);
            state.correction = (state.correction + 1).min(127);
        }
    }

    /// The sample that a prediction and an error stand for (A.4.4, A.4.5).
    #[inline]
    pub fn sample(&self, prediction: i32, error: i32, is_negative: bool) -> i32 {
        let error = if is_negative { -error } else { error };
        let mut sample = prediction + error * self.step;
        if sample < -self.near {
            sample += self.range * self.step;
        } else if sample > self.max + self.near {
            sample -= self.range * self.step;
        }
        sample.clamp(0, self.max)
    }

    /// The error to be coded for a difference (A.4.4, A.4.5), for `near` zero.
    #[inline]
    pub fn error(&self, difference: i32) -> i32 {
        let error = if difference < 0 { difference + self.range } else { difference };
        if error >= (self.range + 1) / 2 { error - self.range } else { error }
    }

    /// The parameter of the Golomb code at the end of a run, whose neighbours are alike (1) or not (0) (A.7.2).
    #[inline]
    pub fn run_parameter(&self, kind: usize) -> u32 {
        let state = &self.runs[kind];
        golomb(state.count, state.sum + if kind == 1 { state.count >> 1 } else { 0 })
    }

    /// The error that a number stands for at the end of a run.
    pub fn run_error(&self, kind: usize, k: u32, number: i32) -> i32 {
        let state = &self.runs[kind];
        let number = number + kind as i32;
        let map = number & 1 == 1;
        let size = (number + i32::from(map)) / 2;
        if (k != 0 || 2 * state.negatives >= state.count) == map { -size } else { size }
    }

    /// The number that stands for an error at the end of a run.
    pub fn run_number(&self, kind: usize, k: u32, error: i32) -> i32 {
        let state = &self.runs[kind];
        let is_many = 2 * state.negatives >= state.count;
        let map = match error {
            1.. => k == 0 && !is_many,
            0 => false,
            _ => k != 0 || is_many,
        };
        2 * error.abs() - kind as i32 - i32::from(map)
    }

    /// Takes an error at the end of a run into its context.
    pub fn run_update(&mut self, kind: usize, error: i32, number: i32) {
        let state = &mut self.runs[kind];
        if error < 0 {
            state.negatives += 1;
        }
        state.sum += (number + 1 - kind as i32) >> 1;
        if state.count == self.reset {
            state.sum >>= 1;
            state.count >>= 1;
            state.negatives >>= 1;
        }
        state.count += 1;
    }
}

#[inline]
fn golomb(count: i32, sum: i32) -> u32 {
    let mut k = 0;
    while k < 24 && count << k < sum {
        k += 1;
    }
    k
}
