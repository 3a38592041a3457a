//! File meta information (PS3.10, section 7.1): group 0002, in explicit VR little endian.

use bytes::Bytes;
use dicom_core::{Tag, VR};

use crate::association::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};
use crate::data::header::{self, Order, UNDEFINED};
use crate::data::{DataSet, Element, swap, write_into};
use crate::deviation::{Deviation, Kind};
use crate::dictionary;
use crate::syntax::TransferSyntax;
use crate::tags;

/// What the head of a file says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meta<'a> {
    /// SOP class UID (0002,0002).
    pub sop_class: &'a str,
    /// SOP instance UID (0002,0003).
    pub sop_instance: &'a str,
    /// Transfer syntax UID (0002,0010).
    pub transfer_syntax: &'a str,
    /// Implementation class UID (0002,0012).
    pub implementation_class: &'a str,
    /// Implementation version name (0002,0013), at most 16 characters.
    pub implementation_version: &'a str,
    /// Source application entity title (0002,0016).
    pub source: Option<&'a str>,
    /// Sending application entity title (0002,0017).
    pub sending: Option<&'a str>,
    /// Receiving application entity title (0002,0018).
    pub receiving: Option<&'a str>,
    /// Private information creator UID (0002,0100) and private information (0002,0102). They are the last elements: the
    /// head ends with the bytes of the information.
    pub private: Option<(&'a str, &'a [u8])>,
}

impl<'a> Meta<'a> {
    /// What the head of a file of our own says of an instance in a transfer syntax.
    pub fn of(sop_class: &'a str, sop_instance: &'a str, transfer_syntax: &'a str) -> Self {
        Meta {
            sop_class,
            sop_instance,
            transfer_syntax,
            implementation_class: IMPLEMENTATION_CLASS_UID,
            implementation_version: IMPLEMENTATION_VERSION_NAME,
            ..Meta::default()
        }
    }

    /// The head of a file: preamble, prefix and group 0002.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![0; 128];
        out.extend_from_slice(b"DICM");
        // Texts of bounded length are written into memory: nothing can fail.
        let _ = write_into(&mut out, &self.to_set(), &TransferSyntax::EXPLICIT);
        out
    }

    /// The elements of group 0002.
    pub fn to_set(&self) -> DataSet {
        let mut set = DataSet::new();
        set.put(Element::bytes(tags::FILE_META_INFORMATION_GROUP_LENGTH, VR::UL, vec![0; 4]));
        set.put(Element::bytes(tags::FILE_META_INFORMATION_VERSION, VR::OB, vec![0, 1]));
        set.put_ascii(tags::MEDIA_STORAGE_SOP_CLASS_UID, VR::UI, self.sop_class);
        set.put_ascii(tags::MEDIA_STORAGE_SOP_INSTANCE_UID, VR::UI, self.sop_instance);
        set.put_ascii(tags::TRANSFER_SYNTAX_UID, VR::UI, self.transfer_syntax);
        set.put_ascii(tags::IMPLEMENTATION_CLASS_UID, VR::UI, self.implementation_class);
        if !self.implementation_version.is_empty() {
            set.put_ascii(tags::IMPLEMENTATION_VERSION_NAME, VR::SH, self.implementation_version);
        }
        let titles = [
            (tags::SOURCE_APPLICATION_ENTITY_TITLE, self.source),
            (tags::SENDING_APPLICATION_ENTITY_TITLE, self.sending),
            (tags::RECEIVING_APPLICATION_ENTITY_TITLE, self.receiving),
        ];
        for (tag, title) in titles {
            if let Some(title) = title {
                set.put_ascii(tag, VR::AE, title);
            }
        }
        if let Some((creator, information)) = self.private {
            set.put_ascii(tags::PRIVATE_INFORMATION_CREATOR_UID, VR::UI, creator);
            set.put(Element::bytes(tags::PRIVATE_INFORMATION, VR::OB, information.to_vec()));
        }
        set
    }
}

/// Group 0002 as it was read.
pub(super) struct Read {
    pub(super) set: DataSet,
    /// Where the data set begins.
    pub(super) end: usize,
}

/// Reads group 0002, whatever its form. It ends with the first element of another group: its length is often wrong.
pub(super) fn read(bytes: &Bytes, start: usize, deviations: &mut Vec<Deviation>) -> Read {
    let mut set = DataSet::new();
    let mut offset = start;
    let Some(form) = Form::seen(&bytes[start.min(bytes.len())..]) else {
        deviations.push(Deviation::new(Kind::MetaMissing));
        return Read { set, end: offset };
    };
    if !form.explicit || form.order.big_endian {
        deviations.push(Deviation::at(Kind::MetaEncoding, None, start as u64));
    }
    while let Some((element, end)) = form.element(bytes, offset) {
        if set.get(element.tag).is_none() {
            set.put(element);
        }
        offset = end;
    }
    check_length(&set, bytes, start, offset, form, deviations);
    Read { set, end: offset }
}

fn check_length(
    set: &DataSet,
    bytes: &Bytes,
    start: usize,
    end: usize,
    form: Form,
    deviations: &mut Vec<Deviation>,
) {
    let tag = tags::FILE_META_INFORMATION_GROUP_LENGTH;
    let Some(length) = set.int(tag) else {
        deviations.push(Deviation::of(Kind::MetaLengthMissing, tag));
        return;
    };
    let first = form.element(bytes, start).map_or(start, |(_, end)| end);
    if i64::try_from(end - first) != Ok(length) {
        deviations.push(Deviation::of(Kind::MetaLengthWrong, tag));
    }
}

#[derive(Clone, Copy)]
struct Form {
    explicit: bool,
    order: Order,
}

impl Form {
    /// The form of what begins with group 0002; none where no such element stands here.
    fn seen(bytes: &[u8]) -> Option<Form> {
        let first = bytes.get(..8)?;
        let little = Order { big_endian: false };
        let big = Order { big_endian: true };
        let order = [little, big].into_iter().find(|order| order.tag(first).0 == 0x0002)?;
        let explicit = header::looks_explicit(bytes, order, true, Some(bytes.len() as u64));
        Some(Form { explicit, order })
    }

    /// The element of group 0002 that begins here, and where it ends.
    fn element(self, bytes: &Bytes, offset: usize) -> Option<(Element, usize)> {
        let rest = bytes.get(offset..).filter(|rest| rest.len() >= 8)?;
        if self.order.tag(rest).0 != 0x0002 {
            return None;
        }
        let header = if self.explicit {
            header::explicit(rest, self.order, Some(rest.len() as u64))?
        } else {
            header::implicit(rest, self.order)
        };
        let vr = header.vr.or_else(|| dictionary::vr(header.tag)).unwrap_or(VR::UN);
        let start = offset + header.size;
        let end = start.checked_add(header.length as usize)?;
        if header.length == UNDEFINED || end > bytes.len() {
            return None;
        }
        let value = bytes.slice(start..end);
        let value = if self.order.big_endian { swap::swapped(vr, value) } else { value };
        let Tag(group, number) = header.tag;
        Some((Element::bytes(Tag(group, number), vr, value), end))
    }
}
