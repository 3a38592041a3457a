//! Numbers in text: DS, IS and AS (PS3.5, section 6.2).

/// A decimal string. Also with a comma, as some devices write it.
pub fn decimal(text: &str) -> Option<f64> {
    let text = text.trim_matches([' ', '\0', '\t']);
    let plain = !text.is_empty()
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E' | b','));
    let number: f64 = match text.matches(',').count() {
        _ if !plain => return None,
        0 => text.parse().ok()?,
        1 if !text.contains('.') => text.replace(',', ".").parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// An integer string. Also with a fraction of zero, as some devices write it.
pub fn integer(text: &str) -> Option<i64> {
    let text = text.trim_matches([' ', '\0', '\t']);
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number = decimal(text)?;
    (number.fract() == 0.0 && number.abs() < 9.0e15).then_some(number as i64)
}

/// A number as a decimal string: at most 16 characters, as exact as these allow. None for what is no number.
pub fn decimal_text(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    let whole = format!("{number}");
    if whole.len() <= 16 {
        return Some(whole);
    }
    let exponents = (0..=16).rev().map(|digits| format!("{number:.digits$e}"));
    let fixed = (0..=14).rev().map(|digits| format!("{number:.digits$}"));
    let fit = exponents.chain(fixed).filter(|text| text.len() <= 16);
    // Of all texts that fit, the one that is nearest.
    let distance =
        |text: &String| text.parse::<f64>().map_or(f64::INFINITY, |parsed| (parsed - number).abs());
    fit.min_by(|one, other| distance(one).total_cmp(&distance(other)))
}

/// An age: "032Y".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Age {
    /// How many.
    pub number: u16,
    /// Of what.
    pub unit: AgeUnit,
}

/// The unit of an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AgeUnit {
    /// Days.
    Days,
    /// Weeks.
    Weeks,
    /// Months.
    Months,
    /// Years.
    Years,
}

impl Age {
    /// Reads an age. Fewer digits, small letters and years without a unit are understood.
    pub fn parse(text: &str) -> Option<Age> {
        let text = text.trim_matches([' ', '\0']);
        let unit = match text.chars().last()? {
            'D' | 'd' => AgeUnit::Days,
            'W' | 'w' => AgeUnit::Weeks,
            'M' | 'm' => AgeUnit::Months,
            'Y' | 'y' | '0'..='9' => AgeUnit::Years,
            _ => return None,
        };
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let plain = (1..=3).contains(&digits.len()) && text.len() - digits.len() <= 1;
        let number =
            digits.parse().ok().filter(|_| plain && digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        Some(Age { number, unit })
    }

    /// Whether text is an age as the standard has it: three digits and D, W, M or Y.
    pub fn is_strict(text: &str) -> bool {
        text.len() == 4 && text.ends_with(['D', 'W', 'M', 'Y']) && Age::parse(text).is_some()
    }
}

impl std::fmt::Display for Age {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = match self.unit {
            AgeUnit::Days => 'D',
            AgeUnit::Weeks => 'W',
            AgeUnit::Months => 'M',
            AgeUnit::Years => 'Y',
        };
        write!(f, "{:03}{unit}", self.number)
    }
}
