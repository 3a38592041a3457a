//! What a partner says of one instance (PS3.18, sections 10.5.3 and 10.5.4; PS3.3, Table I.1.1-1).

use hyper::StatusCode;
use klinke_dimse::data::DataSet;
use klinke_dimse::{json, tags};
use klinke_engine::link::Reply;
use klinke_model::Disposition;

use crate::net::request::reply;

const LIMITS: json::Limits = json::Limits { depth: 16, elements: 10_000 };

/// The reply to a request that stored one instance.
pub(super) fn meaning(status: StatusCode, body: &[u8]) -> Reply {
    let told = std::str::from_utf8(body).ok().and_then(|text| json::read(text, &LIMITS).ok());
    let told = told.map(|parsed| parsed.set).unwrap_or_default();
    let is_of_instances = status.is_success() || status == StatusCode::CONFLICT;
    match failure(&told).filter(|_| is_of_instances) {
        Some(reason) => {
            Reply::refused(format!("{reason:04X}"), "the partner did not store it", None, custom(reason))
        }
        None => {
            let warning = told.items(tags::REFERENCED_SOP_SEQUENCE).first();
            let warning = warning.and_then(|item| item.int(tags::WARNING_REASON));
            let text = warning.map(|reason| format!("stored, with the warning {reason:04X}H"));
            let plain = reply(status, None);
            Reply { text: text.unwrap_or_else(|| plain.text.clone()), ..plain }
        }
    }
}

/// Failure Reason (0008,1197) of the instance.
fn failure(told: &DataSet) -> Option<u16> {
    let failed = told.items(tags::FAILED_SOP_SEQUENCE).first()?;
    let reason = failed.int(tags::FAILURE_REASON).and_then(|reason| u16::try_from(reason).ok());
    // One that fails without a reason has failed all the same: processing failure.
    Some(reason.unwrap_or(0x0110))
}

/// As of C-STORE (PS3.4, Table B.2-1): what is out of resources may have some later.
fn custom(reason: u16) -> Disposition {
    match reason {
        0xA700..=0xA7FF | 0x0110 | 0x0213 => Disposition::Retry,
        _ => Disposition::Dead,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use klinke_engine::link::ReplyKind;

    fn answered(status: u16, body: &str) -> (ReplyKind, String, Disposition) {
        let reply = meaning(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        (reply.kind, reply.code, reply.custom)
    }

    fn failed(reason: &str) -> String {
        format!(r#"{{"00081198":{{"vr":"SQ","Value":[{{"00081197":{{"vr":"US","Value":[{reason}]}}}}]}}}}"#)
    }

    #[test]
    fn what_is_said_of_the_instance_counts_more_than_the_status() {
        use Disposition::{Accept, Dead, Retry};
        use ReplyKind::{Accepted, Refused, Unreachable};
        let of = |kind, code: &str, custom| (kind, code.to_owned(), custom);
        assert_eq!(answered(200, "{}"), of(Accepted, "200", Accept));
        assert_eq!(answered(200, ""), of(Accepted, "200", Accept));
        assert_eq!(answered(202, &failed("42752")), of(Refused, "A700", Retry));
        assert_eq!(answered(409, &failed("49152")), of(Refused, "C000", Dead));
        assert_eq!(answered(409, &failed("")), of(Refused, "0110", Retry));
        assert_eq!(answered(409, "<html>"), of(Refused, "409", Dead));
        assert_eq!(answered(503, &failed("49152")), of(Unreachable, "503", Retry));
        assert_eq!(answered(415, ""), of(Refused, "415", Dead));
        let warned = r#"{"00081199":{"vr":"SQ","Value":[{"00081196":{"vr":"US","Value":[45056]}}]}}"#;
        let reply = meaning(StatusCode::ACCEPTED, warned.as_bytes());
        assert_eq!((reply.kind, reply.text.as_str()), (Accepted, "stored, with the warning B000H"));
    }
}
