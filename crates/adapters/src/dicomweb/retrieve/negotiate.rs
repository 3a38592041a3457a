//! In which form instances are given (PS3.18, section 8.7.3.5): in parts, alone or zipped, and in which transfer syntax.
//!
//! | Accept says | given is |
//! |---|---|
//! | `transfer-syntax=*` | as it is kept |
//! | a transfer syntax, once or in several ranges | as it is kept where that is among them; else the first that it can be brought into without loss |
//! | none | explicit VR little endian; as it is kept where that can't be made of it, as with video |

use klinke_archive::index::Instance;
use klinke_archive::may_transcode;
use klinke_dimse::pixel::Coding;
use klinke_dimse::syntax::TransferSyntax;

use super::super::fault::{Fault, Result};
use super::super::media::{Accept, Media};

/// How instances are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// `multipart/related`.
    Parts,
    /// One instance, `application/dicom`.
    Alone,
    /// `application/zip`.
    Zip,
}

/// A way in which instances may be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub packing: Packing,
    /// What is acceptable; nothing for whatever it is kept in.
    syntaxes: Vec<Option<String>>,
}

/// How one instance is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given {
    AsItIs,
    /// In this transfer syntax; as it is where it turns out that this can't be.
    Transcoded {
        to: String,
        or_as_it_is: bool,
    },
}

impl Form {
    /// The form that who asks likes best; all ranges that want the same packing count.
    pub fn of(accept: &Accept, is_one: bool) -> Result<Form> {
        let packing = |range: &Media| {
            if range.holds_parts_of("application/dicom") {
                return Some(Packing::Parts);
            }
            if range.holds("application/dicom") && is_one {
                return Some(Packing::Alone);
            }
            range.holds("application/zip").then_some(Packing::Zip)
        };
        let chosen = accept.ranges().find_map(packing).ok_or_else(|| {
            Fault::unacceptable(
                "given are multipart/related; type=\"application/dicom\", application/zip, and application/dicom for one instance",
            )
        })?;
        let same = accept.ranges().filter(|range| packing(range) == Some(chosen));
        let syntaxes = same.map(|range| range.transfer_syntax()).map(|named| match named {
            Some("*") => None,
            named => Some(named.unwrap_or_default().to_owned()),
        });
        Ok(Form { packing: chosen, syntaxes: syntaxes.collect() })
    }

    /// The form in which one instance is given in this transfer syntax alone.
    pub fn alone(syntax: Option<String>) -> Form {
        Form { packing: Packing::Alone, syntaxes: vec![syntax] }
    }

    /// How an instance is given; nothing where it can't be. Above the size it is not read whole.
    pub fn given(&self, instance: &Instance, size_max: u64) -> Option<Given> {
        let kept = instance.file.syntax.as_str();
        let explicit = TransferSyntax::EXPLICIT;
        if self.syntaxes.iter().any(|one| one.as_deref().is_none_or(|one| one == kept)) {
            return Some(Given::AsItIs);
        }
        let may = |to: &str| instance.file.size <= size_max && may_become(kept, to);
        let named = self.syntaxes.iter().flatten().filter(|one| !one.is_empty());
        if let Some(to) = named.into_iter().find(|to| may(to)) {
            return Some(Given::Transcoded { to: to.clone(), or_as_it_is: false });
        }
        if !self.syntaxes.iter().flatten().any(String::is_empty) {
            return None;
        }
        let is_needed = kept != explicit.uid() && may(explicit.uid());
        Some(match is_needed {
            true => Given::Transcoded { to: explicit.uid().to_owned(), or_as_it_is: true },
            false => Given::AsItIs,
        })
    }
}

/// Whether we can decode the one and write the other.
fn may_become(from: &str, to: &str) -> bool {
    let is_decodable = Coding::of(from).is_some() || !TransferSyntax::by_uid(from).is_encapsulated();
    may_transcode(from, to) && is_decodable
}
