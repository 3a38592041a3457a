//! The sequence number protocol (HL7 v2.5.1 chapter 2, section 2.9.1): the sender numbers its messages in
//! MSH-13, the receiver says in MSA-4 which number it expects next.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The number that a receiver expects from its one sender.
#[derive(Debug, Default)]
pub(super) struct Sequence(Mutex<Option<i64>>);

/// What is to be done with a message by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is the next one, or sets the count.
    Take,
    /// It was taken already: it is answered as then.
    Again,
    /// It is not the one that is expected.
    Wrong,
    /// It carries nothing but the question which number is expected.
    Question,
}

impl Sequence {
    fn expected(&self) -> MutexGuard<'_, Option<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at a message's number and counts it when it is the next one. 0 asks for the number that is
    /// expected, -1 says that the next message sets it; none at all is taken as it comes.
    pub(super) fn turn(&self, number: Option<i64>) -> Turn {
        let mut expected = self.expected();
        match (number, *expected) {
            (Some(0), _) => Turn::Question,
            (Some(-1), _) => {
                *expected = None;
                Turn::Take
            }
            (None, _) => Turn::Take,
            (Some(number), Some(next)) if number == next - 1 => Turn::Again,
            (Some(number), Some(next)) if number != next => Turn::Wrong,
            (Some(number), _) => {
                *expected = number.checked_add(1);
                Turn::Take
            }
        }
    }

    /// The message with this number was not taken after all: it is expected again.
    pub(super) fn give_back(&self, number: Option<i64>) {
        let mut expected = self.expected();
        if let (Some(number), Some(next)) = (number.filter(|&number| number > 0), *expected)
            && number < next
        {
            *expected = Some(number);
        }
    }

    /// For MSA-4: the number that is expected, or -1 when the next message sets it.
    pub(super) fn next(&self) -> i64 {
        self.expected().unwrap_or(-1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_each_other() {
        let sequence = Sequence::default();
        assert_eq!((sequence.turn(Some(0)), sequence.next()), (Turn::Question, -1));
        assert_eq!((sequence.turn(Some(7)), sequence.next()), (Turn::Take, 8));
        assert_eq!((sequence.turn(Some(7)), sequence.next()), (Turn::Again, 8));
        assert_eq!((sequence.turn(Some(9)), sequence.next()), (Turn::Wrong, 8));
        assert_eq!((sequence.turn(Some(8)), sequence.next()), (Turn::Take, 9));
        sequence.give_back(Some(8));
        assert_eq!((sequence.turn(Some(8)), sequence.next()), (Turn::Take, 9));
        assert_eq!((sequence.turn(Some(-1)), sequence.next()), (Turn::Take, -1));
        assert_eq!(sequence.turn(Some(100)), Turn::Take);
        assert_eq!((sequence.turn(None), sequence.next()), (Turn::Take, 101));
        assert_eq!(sequence.turn(Some(i64::MAX)), Turn::Wrong);
    }
}
