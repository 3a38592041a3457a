//! Kinds of commands (PS3.7, Annex E.1, Table E.1-1, Command Field).

use std::fmt;

macro_rules! kinds {
    ($($name:ident, $code:literal, $text:literal;)*) => {
        /// What a command is. The names are the standard's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Kind {
            $(#[doc = $text] $name = $code,)*
        }

        impl Kind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// That of a command field.
            pub const fn of_code(code: u16) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }

            /// The standard's name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    CStoreRequest, 0x0001, "C-STORE-RQ";
    CStoreResponse, 0x8001, "C-STORE-RSP";
    CGetRequest, 0x0010, "C-GET-RQ";
    CGetResponse, 0x8010, "C-GET-RSP";
    CFindRequest, 0x0020, "C-FIND-RQ";
    CFindResponse, 0x8020, "C-FIND-RSP";
    CMoveRequest, 0x0021, "C-MOVE-RQ";
    CMoveResponse, 0x8021, "C-MOVE-RSP";
    CEchoRequest, 0x0030, "C-ECHO-RQ";
    CEchoResponse, 0x8030, "C-ECHO-RSP";
    NEventReportRequest, 0x0100, "N-EVENT-REPORT-RQ";
    NEventReportResponse, 0x8100, "N-EVENT-REPORT-RSP";
    NGetRequest, 0x0110, "N-GET-RQ";
    NGetResponse, 0x8110, "N-GET-RSP";
    NSetRequest, 0x0120, "N-SET-RQ";
    NSetResponse, 0x8120, "N-SET-RSP";
    NActionRequest, 0x0130, "N-ACTION-RQ";
    NActionResponse, 0x8130, "N-ACTION-RSP";
    NCreateRequest, 0x0140, "N-CREATE-RQ";
    NCreateResponse, 0x8140, "N-CREATE-RSP";
    NDeleteRequest, 0x0150, "N-DELETE-RQ";
    NDeleteResponse, 0x8150, "N-DELETE-RSP";
    CCancelRequest, 0x0FFF, "C-CANCEL-RQ";
}

impl Kind {
    /// Its command field.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// True for responses.
    pub const fn is_response(self) -> bool {
        self.code() & 0x8000 != 0
    }

    /// True for requests that are answered: all but C-CANCEL, which has no response of its own.
    pub const fn is_request(self) -> bool {
        !self.is_response() && !matches!(self, Self::CCancelRequest)
    }

    /// The response to this request; `None` for responses and C-CANCEL.
    pub const fn response(self) -> Option<Self> {
        if self.is_request() { Self::of_code(self.code() | 0x8000) } else { None }
    }

    /// True if a command of this kind always has a data set.
    pub const fn has_data_always(self) -> bool {
        matches!(
            self,
            Self::CStoreRequest
                | Self::CFindRequest
                | Self::CMoveRequest
                | Self::CGetRequest
                | Self::NSetRequest
        )
    }

    /// True if the provider of the service class sends it, not the user: N-EVENT-REPORT-RQ alone.
    pub const fn is_of_provider(self) -> bool {
        matches!(self, Self::NEventReportRequest)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
