//! What a partner's answer means: the site's answer table, then the protocol's custom.

use klinke_model::Disposition;

use crate::link::{Reply, ReplyKind};

/// The site's word on answers: code to disposition. `?` in a code stands for any one character, `*` for
/// any rest; the first entry that matches counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerTable(Vec<(String, Disposition)>);

impl AnswerTable {
    /// A table of these entries, exact codes before patterns.
    pub fn new(entries: impl IntoIterator<Item = (String, Disposition)>) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by_key(|(code, _)| (code.contains('*'), code.contains('?')));
        AnswerTable(entries)
    }

    /// What the reply means for its delivery.
    pub fn disposition(&self, reply: &Reply) -> Disposition {
        let named = self.0.iter().find(|(pattern, _)| matches(pattern, &reply.code));
        match named {
            Some((_, disposition)) => *disposition,
            None if reply.kind == ReplyKind::Accepted => Disposition::Accept,
            None => reply.custom,
        }
    }
}

fn matches(pattern: &str, code: &str) -> bool {
    let (mut pattern, mut code) = (pattern.chars(), code.chars());
    loop {
        match (pattern.next(), code.next()) {
            (Some('*'), _) | (None, None) => return true,
            (Some('?'), Some(_)) => {}
            (Some(a), Some(b)) if a == b => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(entries: &[(&str, Disposition)]) -> AnswerTable {
        AnswerTable::new(entries.iter().map(|(code, disposition)| (code.to_string(), *disposition)))
    }

    #[test]
    fn the_site_overrules_custom_and_exact_codes_overrule_patterns() {
        let table = table(&[
            ("*", Disposition::Hold),
            ("?E", Disposition::Retry),
            ("AE", Disposition::Drop),
            ("timeout", Disposition::Dead),
        ]);
        let refused = |code: &str| Reply::refused(code, "", None, Disposition::Accept);
        assert_eq!(table.disposition(&refused("AE")), Disposition::Drop);
        assert_eq!(table.disposition(&refused("CE")), Disposition::Retry);
        assert_eq!(table.disposition(&refused("AR")), Disposition::Hold);
        assert_eq!(table.disposition(&Reply::unclear("timeout", "", None)), Disposition::Dead);
    }

    #[test]
    fn custom_counts_where_the_site_is_silent() {
        let table = table(&[("AR", Disposition::Retry)]);
        assert_eq!(table.disposition(&Reply::accepted("AA", None)), Disposition::Accept);
        assert_eq!(table.disposition(&Reply::unreachable("refused", "")), Disposition::Retry);
        let dead = Reply::refused("AE", "", None, Disposition::Dead);
        assert_eq!(table.disposition(&dead), Disposition::Dead);
    }
}
