//! Chrominances brought to the size of the image: by a triangle where there is one for two, by repetition else.

/// The samples of one component.
pub(super) struct Grid {
    pub samples: Vec<u16>,
    pub stride: usize,
    pub width: usize,
    pub height: usize,
}

impl Grid {
    fn line(&self, row: usize) -> &[u16] {
        &self.samples[row * self.stride..row * self.stride + self.width]
    }
}

/// Puts a component into its place among samples by pixel. `scale` is the largest and the own factor across, and
/// down; `place` the number of the component and how many there are.
pub(super) fn put(
    grid: &Grid,
    scale: (usize, usize, usize, usize),
    out: &mut [u16],
    (columns, rows): (usize, usize),
    (component, count): (usize, usize),
) {
    let (across_max, across, down_max, down) = scale;
    let mut line = vec![0; columns + 1];
    let mut sums = vec![0_u32; grid.width];
    for (row, pixels) in out.chunks_exact_mut(columns * count).take(rows).enumerate() {
        if across_max == 2 * across && (down_max == 2 * down || down_max == down) && grid.width > 1 {
            let near = if down_max == down { row } else { row / 2 };
            let far = match (down_max == down, row % 2) {
                (true, _) => near,
                (false, 0) => near.saturating_sub(1),
                (false, _) => (near + 1).min(grid.height - 1),
            };
            for ((sum, &near), &far) in sums.iter_mut().zip(grid.line(near)).zip(grid.line(far)) {
                *sum = u32::from(near) * 3 + u32::from(far);
            }
            widen(&sums, &mut line);
        } else {
            let source = grid.line(row * down / down_max);
            for (column, sample) in line.iter_mut().take(columns).enumerate() {
                *sample = source[column * across / across_max];
            }
        }
        for (pixel, &sample) in pixels.chunks_exact_mut(count).zip(&line) {
            pixel[component] = sample;
        }
    }
}

/// Two samples for one, three quarters of the nearer and a quarter of the farther; sums are four times a sample.
fn widen(sums: &[u32], line: &mut [u16]) {
    let last = sums.len() - 1;
    for (column, sample) in line.iter_mut().enumerate() {
        let near = (column / 2).min(last);
        let (far, half) =
            if column % 2 == 0 { (near.saturating_sub(1), 8) } else { ((near + 1).min(last), 7) };
        *sample = ((sums[near] * 3 + sums[far] + half) >> 4) as u16;
    }
}
