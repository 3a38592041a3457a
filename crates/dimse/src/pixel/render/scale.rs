//! Pictures made smaller: every pixel of the result is the mean of the area that it covers.

use super::Picture;

/// Scales a picture down to fit a viewport. `ratio` is the height of a pixel by its width; the result's are square.
pub(super) fn fit(picture: Picture, (columns_max, rows_max): (u32, u32), ratio: f64) -> Picture {
    let (columns, rows) = (f64::from(picture.columns), f64::from(picture.rows));
    // Pixels that are not square lose in the direction in which there are too many of them.
    let (across, down) = if ratio > 1.0 { (columns / ratio, rows) } else { (columns, rows * ratio) };
    let scale = (f64::from(columns_max) / across).min(f64::from(rows_max) / down).min(1.0);
    let size = |length: f64, most: u32| ((length * scale).round() as u32).clamp(1, most.max(1));
    let (new_columns, new_rows) = (size(across, picture.columns), size(down, picture.rows));
    if (new_columns, new_rows) == (picture.columns, picture.rows) {
        return picture;
    }
    shrink(&picture, new_columns, new_rows)
}

/// Weights in 1/256 of a pixel: where a new pixel begins, and how much of each old one it takes.
fn weights(old: u32, new: u32) -> Vec<(usize, Vec<u32>)> {
    let (old, new) = (u64::from(old), u64::from(new));
    let make = |index: u64| {
        let (begin, end) = (index * old * 256 / new, (index + 1) * old * 256 / new);
        let first = begin / 256;
        let part = |pixel: u64| (end.min((pixel + 1) * 256) - begin.max(pixel * 256)) as u32;
        (first as usize, (first..end.div_ceil(256)).map(part).collect())
    };
    (0..new).map(make).collect()
}

fn shrink(picture: &Picture, columns: u32, rows: u32) -> Picture {
    let channels = picture.channels;
    let across = weights(picture.columns, columns);
    let down = weights(picture.rows, rows);
    let width = picture.columns as usize * channels;
    let mut samples = Vec::with_capacity(columns as usize * rows as usize * channels);
    let mut sums = vec![0_u64; width];
    for (first, parts) in &down {
        sums.fill(0);
        for (row, &part) in picture.samples.chunks_exact(width).skip(*first).zip(parts) {
            for (sum, &sample) in sums.iter_mut().zip(row) {
                *sum += u64::from(sample) * u64::from(part);
            }
        }
        let height: u64 = parts.iter().map(|&part| u64::from(part)).sum();
        for (first, parts) in &across {
            let area = height * parts.iter().map(|&part| u64::from(part)).sum::<u64>();
            for channel in 0..channels {
                let from = sums.iter().skip(first * channels + channel).step_by(channels);
                let sum: u64 = from.zip(parts).map(|(sum, &part)| sum * u64::from(part)).sum();
                samples.push(((sum + area / 2) / area.max(1)) as u8);
            }
        }
    }
    Picture { columns, rows, channels, samples }
}
