//! HL7 v2: messages read, written and acknowledged, without sockets, clock, log or database.
//!
//! The crate follows the published standard (versions 2.1 to 2.8; chapter 2 of version 2.5.1 where
//! nothing else is said) and what senders do instead of it. [`Message`] finds every delimiter in one
//! pass and looks at a field only when it is asked for; what no edit touched leaves byte for byte as
//! it came.
//!
//! ```
//! use klinke_hl7v2::ack::{self, Answer, Code, interpret};
//! use klinke_hl7v2::{Message, Path, time};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut message = Message::parse(
//!     "MSH|^~\\&|KIS|KH|RIS|RADIO|20240305||ADT^A01^ADT_A01|4711|P|2.5\r\
//!      PID|1||123^^^KIS^PI~A99^^^GKV^NH||Muster^Max\r",
//! )?;
//!
//! // Paths are compiled once and used for every message. What is missing is empty, never an error.
//! let name: Path = "PID-5.1".parse()?;
//! let insurance: Path = "PID-3[5=NH].1".parse()?;
//! let ward: Path = "PV1-3.1".parse()?;
//! assert_eq!(message.text(&name), "Muster");
//! assert_eq!(message.text(&insurance), "A99");
//! assert_eq!(message.text_or(&ward, "unknown"), "unknown");
//!
//! // Edits lie over the bytes; everything else stays as it came.
//! message.set(&"MSH-6".parse()?, "RADIO 2")?;
//! message.set(&ward, "CHI1")?;
//! assert!(message.to_bytes().ends_with(b"||Muster^Max\rPV1|||CHI1\r"));
//!
//! // Acknowledgments: the time and the unique control ID are the caller's.
//! let now = time::parse_strict("20240305101530+0100")?;
//! let answer = ack::acknowledge(&message, Code::ApplicationAccept, &ack::Options::new("K-1", now));
//! assert!(matches!(interpret(&answer, "4711"), Answer::Acknowledgment(a) if a.code == Some(Code::ApplicationAccept)));
//! # Ok(())
//! # }
//! ```
//!
//! | module | what |
//! |---|---|
//! | [`message`], [`path`] | reading and editing |
//! | [`deviation`] | what a sender does against the standard |
//! | [`charset`], [`escape`], [`time`] | text and dates |
//! | [`ack`], [`mllp`] | answers and frames |
//! | [`batch`], [`continuation`], [`sequence`] | several messages, parts of messages, numbered links |
//! | [`definitions`], [`grouping`] | what the standard says a message consists of |
//! | [`index`], [`delimiters`] | what lies below |

pub mod ack;
pub mod batch;
pub mod charset;
pub mod continuation;
pub mod definitions;
pub mod delimiters;
pub mod deviation;
mod error;
pub mod escape;
pub mod grouping;
pub mod index;
pub mod message;
pub mod mllp;
pub mod path;
mod place;
pub mod sequence;
pub mod time;
mod value;
mod version;

pub use charset::Charset;
pub use delimiters::Delimiters;
pub use deviation::Deviation;
pub use error::Error;
pub use index::Index;
pub use message::{GroupResolver, Message};
pub use path::Path;
pub use place::Place;
pub use value::Value;
