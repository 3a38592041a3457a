//! A command with the elements of its command set (PS3.7, Annex E.1).

use std::fmt;

use bytes::Bytes;
use dicom_core::Tag;

use super::{Kind, Status};

/// A command. Which elements it has depends on its [`Kind`] (PS3.7, sections 9.3 and 10.3); those that are not
/// there are `None` or empty, and nothing more is demanded of a peer's command than its kind.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    /// Command Field (0000,0100).
    pub kind: Kind,
    /// Message ID (0000,0110) of a request; Message ID Being Responded To (0000,0120) of a response and of
    /// C-CANCEL.
    pub message_id: u16,
    /// A data set follows: Command Data Set Type (0000,0800) is not 0101H.
    pub has_data: bool,
    /// Affected SOP Class UID (0000,0002).
    pub affected_sop_class: Option<String>,
    /// Requested SOP Class UID (0000,0003).
    pub requested_sop_class: Option<String>,
    /// Affected SOP Instance UID (0000,1000).
    pub affected_sop_instance: Option<String>,
    /// Requested SOP Instance UID (0000,1001).
    pub requested_sop_instance: Option<String>,
    /// Priority (0000,0700).
    pub priority: Option<Priority>,
    /// Status (0000,0900).
    pub status: Option<Status>,
    /// Move Destination (0000,0600).
    pub move_destination: Option<String>,
    /// Move Originator Application Entity Title (0000,1030).
    pub move_originator_ae_title: Option<String>,
    /// Move Originator Message ID (0000,1031).
    pub move_originator_message_id: Option<u16>,
    /// Numbers of sub-operations (0000,1020) to (0000,1023).
    pub sub_operations: SubOperations,
    /// Event Type ID (0000,1002).
    pub event_type_id: Option<u16>,
    /// Action Type ID (0000,1008).
    pub action_type_id: Option<u16>,
    /// Attribute Identifier List (0000,1005).
    pub attribute_identifiers: Vec<Tag>,
    /// Offending Element (0000,0901).
    pub offending_elements: Vec<Tag>,
    /// Error Comment (0000,0902), at most 64 characters. May hold patient data when it comes from a peer.
    pub error_comment: Option<String>,
    /// Error ID (0000,0903).
    pub error_id: Option<u16>,
    /// Elements that the standard does not know, or has retired, as they came.
    pub other: Vec<(Tag, Bytes)>,
}

/// Priority of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Priority {
    /// 0000H.
    #[default]
    Medium,
    /// 0001H.
    High,
    /// 0002H.
    Low,
}

/// Numbers of sub-operations of C-MOVE and C-GET.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SubOperations {
    /// Number of Remaining Sub-operations (0000,1020).
    pub remaining: Option<u16>,
    /// Number of Completed Sub-operations (0000,1021).
    pub completed: Option<u16>,
    /// Number of Failed Sub-operations (0000,1022).
    pub failed: Option<u16>,
    /// Number of Warning Sub-operations (0000,1023).
    pub warning: Option<u16>,
}

impl Priority {
    /// The code of it.
    pub const fn code(self) -> u16 {
        match self {
            Self::Medium => 0,
            Self::High => 1,
            Self::Low => 2,
        }
    }

    /// That of a code; a code that the standard does not know is medium.
    pub const fn of_code(code: u16) -> Self {
        match code {
            1 => Self::High,
            2 => Self::Low,
            _ => Self::Medium,
        }
    }
}

impl Command {
    /// A command with nothing but its kind and message ID.
    pub fn new(kind: Kind, message_id: u16) -> Self {
        Self {
            kind,
            message_id,
            has_data: false,
            affected_sop_class: None,
            requested_sop_class: None,
            affected_sop_instance: None,
            requested_sop_instance: None,
            priority: None,
            status: None,
            move_destination: None,
            move_originator_ae_title: None,
            move_originator_message_id: None,
            sub_operations: SubOperations::default(),
            event_type_id: None,
            action_type_id: None,
            attribute_identifiers: Vec::new(),
            offending_elements: Vec::new(),
            error_comment: None,
            error_id: None,
            other: Vec::new(),
        }
    }

    /// C-ECHO-RQ (PS3.7, section 9.3.5.1).
    pub fn echo_request(message_id: u16) -> Self {
        let sop_class = Some(dicom_dictionary_std::uids::VERIFICATION.to_owned());
        Self { affected_sop_class: sop_class, ..Self::new(Kind::CEchoRequest, message_id) }
    }

    /// C-STORE-RQ (PS3.7, section 9.3.1.1).
    pub fn store_request(message_id: u16, sop_class: &str, sop_instance: &str, priority: Priority) -> Self {
        Self {
            affected_sop_instance: Some(sop_instance.to_owned()),
            ..Self::with_identifier(Kind::CStoreRequest, message_id, sop_class, priority)
        }
    }

    /// C-FIND-RQ (PS3.7, section 9.3.2.1); the identifier follows.
    pub fn find_request(message_id: u16, sop_class: &str, priority: Priority) -> Self {
        Self::with_identifier(Kind::CFindRequest, message_id, sop_class, priority)
    }

    /// C-GET-RQ (PS3.7, section 9.3.3.1); the identifier follows.
    pub fn get_request(message_id: u16, sop_class: &str, priority: Priority) -> Self {
        Self::with_identifier(Kind::CGetRequest, message_id, sop_class, priority)
    }

    /// C-MOVE-RQ (PS3.7, section 9.3.4.1); the identifier follows.
    pub fn move_request(message_id: u16, sop_class: &str, priority: Priority, destination: &str) -> Self {
        Self {
            move_destination: Some(destination.to_owned()),
            ..Self::with_identifier(Kind::CMoveRequest, message_id, sop_class, priority)
        }
    }

    /// C-CANCEL-RQ (PS3.7, section 9.3.2.3) of the operation with this message ID.
    pub fn cancel_request(message_id: u16) -> Self {
        Self::new(Kind::CCancelRequest, message_id)
    }

    /// N-EVENT-REPORT-RQ (PS3.7, section 10.3.1.1).
    pub fn event_report_request(
        message_id: u16,
        sop_class: &str,
        sop_instance: &str,
        event_type_id: u16,
    ) -> Self {
        Self {
            event_type_id: Some(event_type_id),
            ..Self::affecting(Kind::NEventReportRequest, message_id, sop_class, Some(sop_instance))
        }
    }

    /// N-GET-RQ (PS3.7, section 10.3.2.1); without tags all attributes are asked for.
    pub fn attributes_get_request(
        message_id: u16,
        sop_class: &str,
        sop_instance: &str,
        tags: Vec<Tag>,
    ) -> Self {
        let command = Self::requesting(Kind::NGetRequest, message_id, sop_class, sop_instance);
        Self { attribute_identifiers: tags, ..command }
    }

    /// N-SET-RQ (PS3.7, section 10.3.3.1); the modifications follow.
    pub fn attributes_set_request(message_id: u16, sop_class: &str, sop_instance: &str) -> Self {
        let command = Self::requesting(Kind::NSetRequest, message_id, sop_class, sop_instance);
        Self { has_data: true, ..command }
    }

    /// N-ACTION-RQ (PS3.7, section 10.3.4.1).
    pub fn action_request(message_id: u16, sop_class: &str, sop_instance: &str, action_type_id: u16) -> Self {
        let command = Self::requesting(Kind::NActionRequest, message_id, sop_class, sop_instance);
        Self { action_type_id: Some(action_type_id), ..command }
    }

    /// N-CREATE-RQ (PS3.7, section 10.3.5.1); without an instance the provider makes its UID.
    pub fn create_request(message_id: u16, sop_class: &str, sop_instance: Option<&str>) -> Self {
        Self::affecting(Kind::NCreateRequest, message_id, sop_class, sop_instance)
    }

    /// N-DELETE-RQ (PS3.7, section 10.3.6.1).
    pub fn delete_request(message_id: u16, sop_class: &str, sop_instance: &str) -> Self {
        Self::requesting(Kind::NDeleteRequest, message_id, sop_class, sop_instance)
    }

    /// The response to this request, with what the request names and the status. `None` for what is not answered.
    pub fn response(&self, status: Status) -> Option<Self> {
        let kind = self.kind.response()?;
        Some(Self {
            status: Some(status),
            affected_sop_class: self.affected_sop_class.clone().or(self.requested_sop_class.clone()),
            affected_sop_instance: self.affected_sop_instance.clone().or(self.requested_sop_instance.clone()),
            event_type_id: self.event_type_id,
            action_type_id: self.action_type_id,
            ..Self::new(kind, self.message_id)
        })
    }

    /// Says that a data set follows, or that none does.
    pub fn with_data(self, has_data: bool) -> Self {
        Self { has_data, ..self }
    }

    /// Says why, in at most 64 characters; what is longer is cut.
    pub fn with_comment(self, comment: &str) -> Self {
        Self { error_comment: Some(comment.chars().take(64).collect()), ..self }
    }

    /// The SOP class that it is about.
    pub fn sop_class(&self) -> Option<&str> {
        self.affected_sop_class.as_deref().or(self.requested_sop_class.as_deref())
    }

    /// The SOP instance that it is about.
    pub fn sop_instance(&self) -> Option<&str> {
        self.affected_sop_instance.as_deref().or(self.requested_sop_instance.as_deref())
    }

    /// True for a response after which more responses to the same request follow.
    pub fn is_pending(&self) -> bool {
        self.status.is_some_and(|status| status.is_pending())
    }

    fn with_identifier(kind: Kind, message_id: u16, sop_class: &str, priority: Priority) -> Self {
        let command = Self::affecting(kind, message_id, sop_class, None);
        Self { priority: Some(priority), has_data: true, ..command }
    }

    fn affecting(kind: Kind, message_id: u16, sop_class: &str, sop_instance: Option<&str>) -> Self {
        Self {
            affected_sop_class: Some(sop_class.to_owned()),
            affected_sop_instance: sop_instance.map(ToOwned::to_owned),
            ..Self::new(kind, message_id)
        }
    }

    fn requesting(kind: Kind, message_id: u16, sop_class: &str, sop_instance: &str) -> Self {
        Self {
            requested_sop_class: Some(sop_class.to_owned()),
            requested_sop_instance: Some(sop_instance.to_owned()),
            ..Self::new(kind, message_id)
        }
    }
}

/// Shows what belongs to the protocol. UIDs of instances and comments may point to a patient.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("kind", &self.kind.name())
            .field("message_id", &self.message_id)
            .field("has_data", &self.has_data)
            .field("sop_class", &self.sop_class())
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
