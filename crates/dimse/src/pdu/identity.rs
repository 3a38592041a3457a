//! User identity negotiation (58H; PS3.7, Annex D.3.3.7).

use std::fmt;

use bytes::Bytes;

/// Who the requestor is.
#[derive(Clone, PartialEq, Eq)]
pub struct UserIdentity {
    /// What the fields hold.
    pub kind: IdentityKind,
    /// The requestor wants to hear that its identity was accepted.
    pub response_requested: bool,
    /// User name, Kerberos ticket, SAML assertion or JSON web token.
    pub primary: Bytes,
    /// The passcode; empty for all other kinds.
    pub secondary: Bytes,
}

/// Shows lengths only: these are secrets.
impl fmt::Debug for UserIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserIdentity")
            .field("kind", &self.kind)
            .field("response_requested", &self.response_requested)
            .field("primary", &self.primary.len())
            .field("secondary", &self.secondary.len())
            .finish()
    }
}

/// Kinds of user identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdentityKind {
    /// 1: a user name in UTF-8.
    Username,
    /// 2: a user name and a passcode in UTF-8.
    UsernameAndPasscode,
    /// 3: a Kerberos service ticket.
    Kerberos,
    /// 4: a SAML assertion.
    Saml,
    /// 5: a JSON web token.
    Jwt,
    /// A kind that the standard does not know.
    Other(u8),
}

impl IdentityKind {
    /// The code of it.
    pub const fn code(self) -> u8 {
        match self {
            Self::Username => 1,
            Self::UsernameAndPasscode => 2,
            Self::Kerberos => 3,
            Self::Saml => 4,
            Self::Jwt => 5,
            Self::Other(code) => code,
        }
    }

    /// That of a code.
    pub const fn of_code(code: u8) -> Self {
        match code {
            1 => Self::Username,
            2 => Self::UsernameAndPasscode,
            3 => Self::Kerberos,
            4 => Self::Saml,
            5 => Self::Jwt,
            other => Self::Other(other),
        }
    }
}
