//! Puts fragments together (PS3.7, section 6.3.1 and Annex F): command sets whole, data sets as they come.

use bytes::{Bytes, BytesMut};

use super::{Command, Error, Expected, decode_command};
use crate::association::deviation::Deviation;
use crate::pdu::DataValue;

/// The longest command set that is taken.
pub const COMMAND_BYTES_MAX: usize = 256 << 10;

/// Puts fragments together.
#[derive(Default)]
pub struct Assembler {
    state: State,
    deviations: Vec<Deviation>,
}

#[derive(Default)]
enum State {
    #[default]
    Between,
    Command {
        context: u8,
        bytes: BytesMut,
    },
    Data {
        context: u8,
    },
}

/// A part of a message.
#[derive(Clone, PartialEq, Eq)]
pub enum Part {
    /// A whole command.
    Command {
        /// Presentation context ID.
        context: u8,
        /// The command.
        command: Box<Command>,
    },
    /// The next bytes of the data set of the command before.
    Data {
        /// Presentation context ID.
        context: u8,
        /// The bytes, perhaps none.
        bytes: Bytes,
        /// The data set ends here.
        last: bool,
    },
}

/// Shows no data.
impl std::fmt::Debug for Assembler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assembler").field("expected", &self.expected()).finish()
    }
}

/// Shows no data.
impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Command { context, command } => {
                f.debug_struct("Command").field("context", context).field("command", command).finish()
            }
            Self::Data { context, bytes, last } => f
                .debug_struct("Data")
                .field("context", context)
                .field("length", &bytes.len())
                .field("last", last)
                .finish(),
        }
    }
}

impl Assembler {
    /// The next fragment. After an error the stream of messages has no meaning.
    pub fn handle(&mut self, value: DataValue) -> Result<Option<Part>, Error> {
        let DataValue { context, command, last, fragment } = value;
        let expected = self.expected();
        match (&mut self.state, command) {
            (State::Between, true) if last => self.command(context, &fragment).map(Some),
            (State::Between, true) => {
                check_length(fragment.len())?;
                self.state = State::Command { context, bytes: BytesMut::from(fragment) };
                Ok(None)
            }
            (State::Command { context: begun, bytes }, true) if *begun == context => {
                check_length(bytes.len() + fragment.len())?;
                bytes.extend_from_slice(&fragment);
                if !last {
                    return Ok(None);
                }
                let bytes = std::mem::take(bytes);
                self.command(context, &bytes).map(Some)
            }
            (State::Data { context: begun }, false) if *begun == context => {
                if last {
                    self.state = State::Between;
                }
                Ok(Some(Part::Data { context, bytes: fragment, last }))
            }
            (_, true) => Err(Error::UnexpectedCommand { context, expected }),
            (_, false) => Err(Error::UnexpectedData { context, expected }),
        }
    }

    /// What is due next.
    pub fn expected(&self) -> Expected {
        match &self.state {
            State::Between => Expected::Command,
            State::Command { context, .. } => Expected::CommandRest(*context),
            State::Data { context } => Expected::Data(*context),
        }
    }

    /// True in the middle of a message.
    pub fn is_inside(&self) -> bool {
        !matches!(self.state, State::Between)
    }

    /// What was noted since the last call.
    pub fn take_deviations(&mut self) -> Vec<Deviation> {
        std::mem::take(&mut self.deviations)
    }

    fn command(&mut self, context: u8, bytes: &[u8]) -> Result<Part, Error> {
        check_length(bytes.len())?;
        let command = Box::new(decode_command(bytes, &mut self.deviations)?);
        self.state = if command.has_data { State::Data { context } } else { State::Between };
        Ok(Part::Command { context, command })
    }
}

fn check_length(length: usize) -> Result<(), Error> {
    if length > COMMAND_BYTES_MAX {
        return Err(Error::CommandTooLong { limit: COMMAND_BYTES_MAX });
    }
    Ok(())
}
