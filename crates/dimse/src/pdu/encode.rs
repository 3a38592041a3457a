//! Writes PDUs (PS3.8, section 9.3; PS3.7, Annex D.3).

use bytes::{BufMut, BytesMut};

use super::{
    Abort, AnsweredContext, AssociateAccept, AssociateReject, AssociateRequest, Pdu, ProposedContext,
    UnknownItem, UserInformation,
};

/// What can't be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A value is longer than its length can say.
    #[error("{item} is longer than its length of two bytes can say")]
    TooLong {
        /// Name of the item.
        item: &'static str,
    },
    /// A UID, title or name has a character that can't be written as one byte.
    #[error("{item} has a character that can't be written")]
    Character {
        /// Name of the item.
        item: &'static str,
    },
}

type Result = std::result::Result<(), EncodeError>;

impl Pdu {
    /// Writes it behind what is there.
    pub fn encode(&self, out: &mut BytesMut) -> Result {
        let start = out.len();
        out.put_slice(&[self.kind(), 0, 0, 0, 0, 0]);
        match self {
            Self::AssociateRequest(request) => write_request(request, out)?,
            Self::AssociateAccept(accept) => write_accept(accept, out)?,
            Self::AssociateReject(AssociateReject { result, source, reason }) => {
                out.put_slice(&[0, *result, *source, *reason]);
            }
            Self::Data(data) => out.put_slice(data.body()),
            Self::ReleaseRequest | Self::ReleaseResponse => out.put_u32(0),
            Self::Abort(Abort { source, reason }) => out.put_slice(&[0, 0, *source, *reason]),
        }
        let length =
            u32::try_from(out.len() - start - 6).map_err(|_| EncodeError::TooLong { item: self.name() })?;
        out[start + 2..start + 6].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }
}

fn write_request(request: &AssociateRequest, out: &mut BytesMut) -> Result {
    write_head(request.protocol_version, &request.called_ae_title, &request.calling_ae_title, out)?;
    write_text(0x10, "application context", &request.application_context, out)?;
    for context in &request.contexts {
        write_proposed(context, out)?;
    }
    write_user(&request.user, out)?;
    write_unknown(&request.unknown, out)
}

fn write_accept(accept: &AssociateAccept, out: &mut BytesMut) -> Result {
    write_head(accept.protocol_version, &accept.called_ae_title, &accept.calling_ae_title, out)?;
    write_text(0x10, "application context", &accept.application_context, out)?;
    for context in &accept.contexts {
        write_answered(context, out)?;
    }
    write_user(&accept.user, out)?;
    write_unknown(&accept.unknown, out)
}

fn write_head(version: u16, called: &str, calling: &str, out: &mut BytesMut) -> Result {
    out.put_u16(version);
    out.put_u16(0);
    for title in [called, calling] {
        let start = out.len();
        put_text("AE title", title, out)?;
        if out.len() - start > 16 {
            return Err(EncodeError::TooLong { item: "AE title" });
        }
        out.resize(start + 16, b' ');
    }
    out.put_bytes(0, 32);
    Ok(())
}

fn write_proposed(context: &ProposedContext, out: &mut BytesMut) -> Result {
    write_item(0x20, 0, "presentation context", out, |out| {
        out.put_slice(&[context.id, 0, 0, 0]);
        write_text(0x30, "abstract syntax", &context.abstract_syntax, out)?;
        write_transfer_syntaxes(&context.transfer_syntaxes, out)
    })
}

fn write_answered(context: &AnsweredContext, out: &mut BytesMut) -> Result {
    write_item(0x21, 0, "presentation context", out, |out| {
        out.put_slice(&[context.id, 0, context.result.code(), 0]);
        write_transfer_syntaxes(&context.transfer_syntaxes, out)
    })
}

fn write_transfer_syntaxes(syntaxes: &[String], out: &mut BytesMut) -> Result {
    for syntax in syntaxes {
        write_text(0x40, "transfer syntax", syntax, out)?;
    }
    Ok(())
}

fn write_user(user: &UserInformation, out: &mut BytesMut) -> Result {
    write_item(0x50, 0, "user information", out, |out| {
        write_implementation(user, out)?;
        write_negotiations(user, out)?;
        if let Some(identity) = &user.user_identity {
            write_item(0x58, 0, "user identity", out, |out| {
                out.put_slice(&[identity.kind.code(), u8::from(identity.response_requested)]);
                put_field("user identity", &identity.primary, out)?;
                put_field("user identity", &identity.secondary, out)
            })?;
        }
        if let Some(response) = &user.user_identity_response {
            let item = "user identity response";
            write_item(0x59, 0, item, out, |out| put_field(item, response, out))?;
        }
        write_unknown(&user.unknown, out)
    })
}

/// In ascending order, as most implementations write them.
fn write_implementation(user: &UserInformation, out: &mut BytesMut) -> Result {
    if let Some(length) = user.maximum_length {
        out.put_slice(&[0x51, 0, 0, 4]);
        out.put_u32(length);
    }
    if let Some(uid) = &user.implementation_class_uid {
        write_text(0x52, "implementation class UID", uid, out)?;
    }
    if let Some(window) = user.operations_window {
        out.put_slice(&[0x53, 0, 0, 4]);
        out.put_u16(window.invoked);
        out.put_u16(window.performed);
    }
    for role in &user.roles {
        let item = "role selection";
        write_item(0x54, 0, item, out, |out| {
            put_uid_field(item, &role.sop_class, out)?;
            out.put_slice(&[u8::from(role.user), u8::from(role.provider)]);
            Ok(())
        })?;
    }
    if let Some(name) = &user.implementation_version_name {
        write_text(0x55, "implementation version name", name, out)?;
    }
    Ok(())
}

fn write_negotiations(user: &UserInformation, out: &mut BytesMut) -> Result {
    for extended in &user.extended {
        let item = "extended negotiation";
        write_item(0x56, 0, item, out, |out| {
            put_uid_field(item, &extended.sop_class, out)?;
            out.put_slice(&extended.information);
            Ok(())
        })?;
    }
    for common in &user.common_extended {
        let item = "common extended negotiation";
        write_item(0x57, common.version, item, out, |out| {
            put_uid_field(item, &common.sop_class, out)?;
            put_uid_field(item, &common.service_class, out)?;
            with_length(item, out, |out| {
                common.related.iter().try_for_each(|uid| put_uid_field(item, uid, out))
            })
        })?;
    }
    Ok(())
}

fn write_unknown(items: &[UnknownItem], out: &mut BytesMut) -> Result {
    for item in items {
        write_item(item.kind, 0, "item of unknown type", out, |out| {
            out.put_slice(&item.data);
            Ok(())
        })?;
    }
    Ok(())
}

fn write_text(kind: u8, item: &'static str, text: &str, out: &mut BytesMut) -> Result {
    write_item(kind, 0, item, out, |out| put_text(item, text, out))
}

fn write_item(
    kind: u8,
    second: u8,
    item: &'static str,
    out: &mut BytesMut,
    value: impl FnOnce(&mut BytesMut) -> Result,
) -> Result {
    out.put_slice(&[kind, second]);
    with_length(item, out, value)
}

/// A value behind its length of two bytes.
fn with_length(
    item: &'static str,
    out: &mut BytesMut,
    value: impl FnOnce(&mut BytesMut) -> Result,
) -> Result {
    let start = out.len();
    out.put_u16(0);
    value(out)?;
    let length = u16::try_from(out.len() - start - 2).map_err(|_| EncodeError::TooLong { item })?;
    out[start..start + 2].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

fn put_field(item: &'static str, bytes: &[u8], out: &mut BytesMut) -> Result {
    with_length(item, out, |out| {
        out.put_slice(bytes);
        Ok(())
    })
}

fn put_uid_field(item: &'static str, uid: &str, out: &mut BytesMut) -> Result {
    with_length(item, out, |out| put_text(item, uid, out))
}

/// Every character as the byte of its number, as it was read.
fn put_text(item: &'static str, text: &str, out: &mut BytesMut) -> Result {
    for character in text.chars() {
        out.put_u8(u8::try_from(character).map_err(|_| EncodeError::Character { item })?);
    }
    Ok(())
}
