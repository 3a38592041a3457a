//! Reads A-ASSOCIATE-RQ and -AC and their items (PS3.8, sections 9.3.2 and 9.3.3, Annex D; PS3.7, Annex D.3).

use bytes::Bytes;

use super::reader::{Item, Notes, Reader, latin, trim};
use super::{
    APPLICATION_CONTEXT, AnsweredContext, AssociateAccept, AssociateRequest, CommonExtendedNegotiation,
    ContextResult, Error, ExtendedNegotiation, IdentityKind, OperationsWindow, ProposedContext,
    RoleSelection, UnknownItem, UserIdentity, UserInformation,
};
use crate::association::deviation::Kind;

pub(super) fn read_request(
    reader: &mut Reader<'_>,
    notes: &mut Notes<'_>,
) -> Result<AssociateRequest, Error> {
    let head = read_head(reader, notes)?;
    let mut request = AssociateRequest::new(head.called_ae_title, head.calling_ae_title);
    request.protocol_version = head.protocol_version;
    let mut common = Common::default();
    while let Some(item) = reader.next_item(notes, item_name)? {
        if item.kind == 0x20 {
            request.contexts.push(read_proposed(&item, notes)?);
        } else {
            common.take(&item, notes)?;
        }
    }
    note_ids(&request.contexts, notes);
    (request.application_context, request.user, request.unknown) = common.finish(notes);
    Ok(request)
}

pub(super) fn read_accept(reader: &mut Reader<'_>, notes: &mut Notes<'_>) -> Result<AssociateAccept, Error> {
    let head = read_head(reader, notes)?;
    let mut contexts = Vec::new();
    let mut common = Common::default();
    while let Some(item) = reader.next_item(notes, item_name)? {
        if item.kind == 0x21 {
            contexts.push(read_answered(&item, notes)?);
        } else {
            common.take(&item, notes)?;
        }
    }
    let (application_context, user, unknown) = common.finish(notes);
    Ok(AssociateAccept {
        protocol_version: head.protocol_version,
        called_ae_title: head.called_ae_title,
        calling_ae_title: head.calling_ae_title,
        application_context,
        contexts,
        user,
        unknown,
    })
}

fn note_ids(contexts: &[ProposedContext], notes: &mut Notes<'_>) {
    let mut seen = [false; 256];
    for context in contexts {
        if context.id % 2 == 0 {
            notes.note(Kind::ContextIdEven, 0);
        }
        if std::mem::replace(&mut seen[usize::from(context.id)], true) {
            notes.note(Kind::ContextIdRepeated, 0);
        }
    }
}

/// Names for errors.
fn item_name(kind: u8) -> &'static str {
    match kind {
        0x10 => "application context item",
        0x20 | 0x21 => "presentation context item",
        0x30 => "abstract syntax sub-item",
        0x40 => "transfer syntax sub-item",
        0x50 => "user information item",
        0x51 => "maximum length sub-item",
        0x52 => "implementation class UID sub-item",
        0x53 => "asynchronous operations window sub-item",
        0x54 => "SCP/SCU role selection sub-item",
        0x55 => "implementation version name sub-item",
        0x56 => "SOP class extended negotiation sub-item",
        0x57 => "SOP class common extended negotiation sub-item",
        0x58 => "user identity sub-item",
        0x59 => "user identity response sub-item",
        _ => "item of unknown type",
    }
}

/// What both PDUs begin with.
struct Head {
    protocol_version: u16,
    called_ae_title: String,
    calling_ae_title: String,
}

fn read_head(reader: &mut Reader<'_>, notes: &mut Notes<'_>) -> Result<Head, Error> {
    let offset = reader.offset();
    let protocol_version = reader.u16()?;
    if protocol_version != 1 {
        notes.note(Kind::ProtocolVersion, offset);
    }
    reader.take(2)?;
    let called_ae_title = read_ae_title(reader, notes)?;
    let calling_ae_title = read_ae_title(reader, notes)?;
    reader.take(32)?;
    Ok(Head { protocol_version, called_ae_title, calling_ae_title })
}

/// Sixteen bytes, padded with spaces behind (PS3.8, Table 9-11). The case stays as it is.
fn read_ae_title(reader: &mut Reader<'_>, notes: &mut Notes<'_>) -> Result<String, Error> {
    let offset = reader.offset();
    let bytes = reader.take(16)?;
    let title = trim(bytes);
    if bytes.starts_with(b" ") || bytes.contains(&0) {
        notes.note(Kind::AeTitlePadding, offset);
    }
    if title.is_empty() || title.iter().any(|byte| !matches!(byte, b' '..=b'~') || *byte == b'\\') {
        notes.note(Kind::AeTitleCharacters, offset);
    }
    Ok(latin(title))
}

/// Items that both PDUs have.
#[derive(Default)]
struct Common {
    application_context: Option<String>,
    user: Option<UserInformation>,
    unknown: Vec<UnknownItem>,
}

impl Common {
    fn take(&mut self, item: &Item<'_>, notes: &mut Notes<'_>) -> Result<(), Error> {
        match item.kind {
            0x10 if self.application_context.is_none() => {
                self.application_context = Some(item.uid(notes));
            }
            0x10 => notes.note(Kind::ApplicationContext, item.offset),
            0x50 => {
                if self.user.is_some() {
                    notes.note(Kind::ItemRepeated, item.offset);
                }
                read_user(item, self.user.get_or_insert_default(), notes)?;
            }
            _ => self.unknown.push(unknown(item, notes)),
        }
        Ok(())
    }

    fn finish(self, notes: &mut Notes<'_>) -> (String, UserInformation, Vec<UnknownItem>) {
        let application_context = self.application_context.unwrap_or_default();
        if application_context != APPLICATION_CONTEXT {
            notes.note(Kind::ApplicationContext, 0);
        }
        match &self.user {
            None => notes.note(Kind::UserInformationMissing, 0),
            Some(user) => {
                if user.maximum_length.is_none() {
                    notes.note(Kind::MaximumLengthMissing, 0);
                }
                if user.implementation_class_uid.is_none() {
                    notes.note(Kind::ImplementationMissing, 0);
                }
            }
        }
        (application_context, self.user.unwrap_or_default(), self.unknown)
    }
}

fn unknown(item: &Item<'_>, notes: &mut Notes<'_>) -> UnknownItem {
    notes.note(Kind::ItemUnknown, item.offset);
    UnknownItem { kind: item.kind, data: item.bytes() }
}

fn read_proposed(item: &Item<'_>, notes: &mut Notes<'_>) -> Result<ProposedContext, Error> {
    let mut reader = item.reader(item_name(item.kind));
    let id = reader.u8()?;
    reader.take(3)?;
    let mut abstract_syntax = None;
    let mut transfer_syntaxes = Vec::new();
    while let Some(sub_item) = reader.next_item(notes, item_name)? {
        match sub_item.kind {
            0x30 if abstract_syntax.is_none() => abstract_syntax = Some(sub_item.uid(notes)),
            0x30 => notes.note(Kind::ItemRepeated, sub_item.offset),
            0x40 => transfer_syntaxes.push(sub_item.uid(notes)),
            _ => notes.note(Kind::ItemUnknown, sub_item.offset),
        }
    }
    if abstract_syntax.is_none() || transfer_syntaxes.is_empty() {
        notes.note(Kind::ContextWithoutSyntax, item.offset);
    }
    Ok(ProposedContext { id, abstract_syntax: abstract_syntax.unwrap_or_default(), transfer_syntaxes })
}

fn read_answered(item: &Item<'_>, notes: &mut Notes<'_>) -> Result<AnsweredContext, Error> {
    let mut reader = item.reader(item_name(item.kind));
    let id = reader.u8()?;
    reader.u8()?;
    let result = ContextResult::of_code(reader.u8()?);
    reader.u8()?;
    let mut transfer_syntaxes = Vec::new();
    while let Some(sub_item) = reader.next_item(notes, item_name)? {
        match sub_item.kind {
            0x40 => transfer_syntaxes.push(sub_item.uid(notes)),
            _ => notes.note(Kind::ItemUnknown, sub_item.offset),
        }
    }
    Ok(AnsweredContext { id, result, transfer_syntaxes })
}

fn read_user(item: &Item<'_>, user: &mut UserInformation, notes: &mut Notes<'_>) -> Result<(), Error> {
    let mut reader = item.reader(item_name(item.kind));
    while let Some(sub_item) = reader.next_item(notes, item_name)? {
        read_sub_item(&sub_item, user, notes)?;
    }
    Ok(())
}

fn read_sub_item(item: &Item<'_>, user: &mut UserInformation, notes: &mut Notes<'_>) -> Result<(), Error> {
    let mut reader = item.reader(item_name(item.kind));
    match item.kind {
        0x51 => keep(&mut user.maximum_length, reader.u32()?, item, notes),
        0x52 => keep(&mut user.implementation_class_uid, read_uid(&mut reader, item, notes), item, notes),
        0x53 => {
            let window = OperationsWindow { invoked: reader.u16()?, performed: reader.u16()? };
            keep(&mut user.operations_window, window, item, notes);
        }
        0x54 => {
            let sop_class = reader.uid(notes)?;
            let (as_user, as_provider) = (reader.u8()? != 0, reader.u8()? != 0);
            user.roles.push(RoleSelection { sop_class, user: as_user, provider: as_provider });
        }
        0x55 => {
            reader.rest();
            keep(&mut user.implementation_version_name, item.text(notes), item, notes);
        }
        0x56 => {
            let sop_class = reader.uid(notes)?;
            let information = Bytes::copy_from_slice(reader.rest());
            user.extended.push(ExtendedNegotiation { sop_class, information });
        }
        0x57 => user.common_extended.push(read_common_extended(&mut reader, item.second, notes)?),
        0x58 => keep(&mut user.user_identity, read_identity(&mut reader)?, item, notes),
        0x59 => {
            let response = Bytes::copy_from_slice(reader.field()?);
            keep(&mut user.user_identity_response, response, item, notes);
        }
        _ => {
            reader.rest();
            user.unknown.push(unknown(item, notes));
        }
    }
    reader.end(notes);
    Ok(())
}

fn read_uid(reader: &mut Reader<'_>, item: &Item<'_>, notes: &mut Notes<'_>) -> String {
    reader.rest();
    item.uid(notes)
}

fn keep<T>(place: &mut Option<T>, value: T, item: &Item<'_>, notes: &mut Notes<'_>) {
    match place {
        Some(_) => notes.note(Kind::ItemRepeated, item.offset),
        None => *place = Some(value),
    }
}

/// PS3.7, Table D.3-12.
fn read_common_extended(
    reader: &mut Reader<'_>,
    version: u8,
    notes: &mut Notes<'_>,
) -> Result<CommonExtendedNegotiation, Error> {
    let sop_class = reader.uid(notes)?;
    let service_class = reader.uid(notes)?;
    let offset = reader.offset() + 2;
    let mut inner = Reader::new(reader.field()?, offset, item_name(0x57));
    let mut related = Vec::new();
    while !inner.is_empty() {
        related.push(inner.uid(notes)?);
    }
    Ok(CommonExtendedNegotiation { version, sop_class, service_class, related })
}

/// PS3.7, Table D.3-14.
fn read_identity(reader: &mut Reader<'_>) -> Result<UserIdentity, Error> {
    Ok(UserIdentity {
        kind: IdentityKind::of_code(reader.u8()?),
        response_requested: reader.u8()? != 0,
        primary: Bytes::copy_from_slice(reader.field()?),
        secondary: if reader.is_empty() { Bytes::new() } else { Bytes::copy_from_slice(reader.field()?) },
    })
}
