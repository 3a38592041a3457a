//! One element and its value.

use bytes::Bytes;
use dicom_core::{Tag, VR};

use super::DataSet;

/// One element of a data set (PS3.5, section 7.1).
#[derive(Clone, PartialEq, Eq)]
pub struct Element {
    /// Its tag.
    pub tag: Tag,
    /// Its value representation, as it was sent or, with implicit VR, as the dictionary has it.
    pub vr: VR,
    /// Its value.
    pub value: Value,
}

/// What an element holds.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// The bytes as they came, padding included; numbers little endian.
    Bytes(Bytes),
    /// The items of a sequence.
    Sequence(Vec<DataSet>),
    /// Encapsulated pixel data (PS3.5, Annex A.4).
    Fragments(Fragments),
}

/// Encapsulated pixel data: the table of offsets and the fragments.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fragments {
    /// The basic offset table, as it came; empty where none was sent.
    pub offsets: Bytes,
    /// The fragments in their order.
    pub fragments: Vec<Bytes>,
}

impl Element {
    /// An element with a value of bytes.
    pub fn bytes(tag: Tag, vr: VR, value: impl Into<Bytes>) -> Self {
        Element { tag, vr, value: Value::Bytes(value.into()) }
    }

    /// A sequence.
    pub fn sequence(tag: Tag, items: Vec<DataSet>) -> Self {
        Element { tag, vr: VR::SQ, value: Value::Sequence(items) }
    }

    /// The bytes, where the value is bytes.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.value {
            Value::Bytes(bytes) => Some(bytes),
            Value::Sequence(_) | Value::Fragments(_) => None,
        }
    }

    /// The items, where the value is a sequence.
    pub fn items(&self) -> &[DataSet] {
        match &self.value {
            Value::Sequence(items) => items,
            Value::Bytes(_) | Value::Fragments(_) => &[],
        }
    }
}

/// Values may be of patients: only the tag, the VR and the length are shown.
impl std::fmt::Debug for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Tag(group, element) = self.tag;
        write!(f, "({group:04X},{element:04X}) {} {:?}", self.vr, self.value)
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Value::Sequence(items) => f.debug_list().entries(items).finish(),
            Value::Fragments(all) => all.fmt(f),
        }
    }
}

impl std::fmt::Debug for Fragments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} fragments", self.fragments.len())
    }
}
