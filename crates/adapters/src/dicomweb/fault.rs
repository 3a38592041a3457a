//! Why a request is not answered as it was meant: a status and a sentence without patient data.

use hyper::StatusCode;
use klinke_archive::workitem::Refusal;
use klinke_archive::{Error, image};
use klinke_dimse::pixel;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub status: StatusCode,
    pub text: String,
    /// What stands in a Warning beside it, where the standard has a sentence for it.
    pub warning: Option<&'static str>,
}

pub(super) type Result<T, E = Fault> = std::result::Result<T, E>;

impl Fault {
    pub fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Fault { status, text: text.into(), warning: None }
    }

    /// 400.
    pub fn bad(text: impl Into<String>) -> Self {
        Fault::new(StatusCode::BAD_REQUEST, text)
    }

    /// 404.
    pub fn absent(what: &str) -> Self {
        Fault::new(StatusCode::NOT_FOUND, format!("{what} is not here"))
    }

    /// 406.
    pub fn unacceptable(text: impl Into<String>) -> Self {
        Fault::new(StatusCode::NOT_ACCEPTABLE, text)
    }

    /// The same with a Warning.
    pub fn warned(self, warning: &'static str) -> Self {
        Fault { warning: Some(warning), ..self }
    }

    /// 500, for work that broke off.
    pub fn broken(what: &str) -> Self {
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{what} broke off"))
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Full(_) => StatusCode::INSUFFICIENT_STORAGE,
            Error::Unwritable(_) | Error::InUse(_) | Error::Closed => StatusCode::SERVICE_UNAVAILABLE,
            Error::Missing(_) => StatusCode::NOT_FOUND,
            Error::OtherStudy | Error::Held(_) => StatusCode::CONFLICT,
            Error::Unfit(_) | Error::Refused(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        // Paths of files are for the log of the machine.
        let text = match &error {
            Error::Full(_) => "the archive is full".to_owned(),
            Error::Unwritable(_) => "the archive can't write".to_owned(),
            Error::Damaged(_) => "the file of an instance is damaged or gone".to_owned(),
            Error::InUse(_) => "the archive is in use".to_owned(),
            Error::Backend(_) => "the archive failed".to_owned(),
            other => other.to_string(),
        };
        if status.is_server_error() {
            tracing::warn!("a DICOMweb request failed: {error}");
        }
        Fault::new(status, text)
    }
}

/// The state of a workitem is in the way: 409; the request itself is wrong: 400 (PS3.18, Tables 11.4.3-1, 11.6.3-1, 11.7.3-1 and
/// 11.8.3-1).
impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let status = match &refusal {
            Refusal::Archive(error) => return error.clone().into(),
            Refusal::Absent | Refusal::NotSubscribed => StatusCode::NOT_FOUND,
            Refusal::Unfit(_)
            | Refusal::NotScheduled
            | Refusal::NoTransaction
            | Refusal::WrongTransaction
            | Refusal::Unclaimed
            | Refusal::ToScheduled => StatusCode::BAD_REQUEST,
            Refusal::Duplicate
            | Refusal::Over
            | Refusal::Claimed
            | Refusal::Unfinished(_)
            | Refusal::NotBegun
            | Refusal::Completed
            | Refusal::NoPerformer => StatusCode::CONFLICT,
            Refusal::Crowded => StatusCode::SERVICE_UNAVAILABLE,
        };
        Fault::new(status, refusal.to_string())
    }
}

impl From<image::Error> for Fault {
    fn from(error: image::Error) -> Self {
        let status = match &error {
            image::Error::Archive(error) => return error.clone().into(),
            image::Error::Absent(_) | image::Error::Pixels(pixel::Error::NoFrame { .. }) => {
                StatusCode::NOT_FOUND
            }
            image::Error::NoPixels | image::Error::Pixels(pixel::Error::Syntax(_)) => {
                StatusCode::NOT_ACCEPTABLE
            }
            image::Error::TooLarge => StatusCode::INSUFFICIENT_STORAGE,
            image::Error::Beside => StatusCode::BAD_REQUEST,
            image::Error::Pixels(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        // The texts name places and no values.
        Fault::new(status, error.to_string())
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        tracing::warn!("a file of the archive can't be read: {error}");
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "the file of an instance is damaged or gone")
    }
}
