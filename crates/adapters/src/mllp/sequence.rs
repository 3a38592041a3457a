//! The sequence number protocol of a source, on top of the codec's receiver.

use std::sync::{Mutex, MutexGuard, PoisonError};

use klinke_hl7v2::sequence::{RESET, Received, Receiver};

/// The number that a source expects from its one sender.
#[derive(Debug, Default)]
pub(super) struct Sequence(Mutex<Receiver>);

impl Sequence {
    fn receiver(&self) -> MutexGuard<'_, Receiver> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at a message's number (MSH-13) and counts it when it is the next one.
    pub(super) fn receive(&self, number: Option<i64>) -> Received {
        self.receiver().receive(number)
    }

    /// The message with this number was not taken after all: it is expected again.
    pub(super) fn give_back(&self, number: Option<i64>) {
        let mut receiver = self.receiver();
        if let (Some(number), Some(next)) = (number.filter(|&number| number > 0), receiver.expected())
            && number < next
        {
            *receiver = Receiver::new(Some(number));
        }
    }

    /// For MSA-4.
    pub(super) fn next(&self) -> i64 {
        self.receiver().expected().unwrap_or(RESET)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_message_is_expected_again() {
        let sequence = Sequence::default();
        assert_eq!(sequence.next(), -1);
        assert_eq!(sequence.receive(Some(7)), Received::Accept { msa_4: 8 });
        sequence.give_back(Some(7));
        assert_eq!(sequence.next(), 7);
        assert_eq!(sequence.receive(Some(7)), Received::Accept { msa_4: 8 });
        sequence.give_back(None);
        sequence.give_back(Some(9));
        assert_eq!(sequence.next(), 8);
    }
}
