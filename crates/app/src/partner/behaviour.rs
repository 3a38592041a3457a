//! How a listening partner answers.

use std::str::FromStr;
use std::time::Duration;

use klinke_hl7v2::ack::Code;

/// What a partner does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers with this code.
    Answer(Code),
    /// Answers AA after this time.
    Late(Duration),
    /// Never answers.
    Never,
    /// Answers AA for another message than the one that came.
    Wrong,
    /// Closes the connection instead of answering.
    Close,
}

impl FromStr for Behaviour {
    type Err = String;

    /// `AA`, `AE`, `AR`, `CA`, `CE`, `CR`, `late:2s`, `never`, `wrong`, `close`.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(code) = Code::read(text) {
            return Ok(Behaviour::Answer(code));
        }
        let late = text.strip_prefix("late:").and_then(|time| time.parse().ok());
        if let Some(klinke_adapters::units::Period(time)) = late {
            return Ok(Behaviour::Late(time));
        }
        match text {
            "late" => Ok(Behaviour::Late(Duration::from_secs(5))),
            "never" => Ok(Behaviour::Never),
            "wrong" => Ok(Behaviour::Wrong),
            "close" => Ok(Behaviour::Close),
            _ => Err("expected AA, AE, AR, CA, CE, CR, late, late:2s, never, wrong or close".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_word() {
        assert_eq!("AE".parse(), Ok(Behaviour::Answer(Code::ApplicationError)));
        assert_eq!("late:200ms".parse(), Ok(Behaviour::Late(Duration::from_millis(200))));
        for word in ["late", "never", "wrong", "close", "CR"] {
            assert!(word.parse::<Behaviour>().is_ok(), "{word}");
        }
        assert!("perhaps".parse::<Behaviour>().is_err());
    }
}
