//! What was seen of a partner's list, and what is different now.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// More of one list is not remembered.
pub const ITEMS_MAX: usize = 20_000;

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    items: BTreeMap<String, Seen>,
}

/// One item, as it was seen last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// A hash of what it said.
    hash: String,
    /// Whether it was told like that.
    told: bool,
    /// The day on which it is, eight digits; may be empty.
    day: String,
    /// What it is called, as it is told when it is gone; empty where that is not told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    named: String,
}

/// One item of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What makes it the same one at the next look.
    pub key: String,
    /// What says whether it has changed.
    pub hash: String,
    /// What is told of it.
    pub text: String,
    /// The day on which it is, eight digits; may be empty.
    pub day: String,
    /// What is told when it is gone; empty where nothing is.
    pub named: String,
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// `new`, `changed` or `gone`.
    pub what: &'static str,
    /// What is told.
    pub text: String,
}

/// What a look found.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// All items.
    pub items: Vec<Item>,
    /// The days that were asked for, eight digits each.
    pub days: (String, String),
    /// There may be more than it tells.
    pub is_cut: bool,
    /// An item is told only when it is the same at two looks.
    pub waits: bool,
}

impl Memory {
    /// As it was noted; an empty one where it can't be read.
    pub fn read(bytes: Option<&[u8]>) -> Self {
        bytes.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
    }

    /// As it is noted.
    pub fn to_bytes(&self) -> Vec<u8> {
        // A map of texts can always be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What is different, and what is to be remembered once that is told. What lies outside of the days that were asked for is
    /// forgotten without a word.
    pub fn compare(&self, answer: Answer) -> (Vec<News>, Memory) {
        let (mut news, mut next) = (Vec::new(), Memory::default());
        for item in answer.items.into_iter().take(ITEMS_MAX) {
            let before = self.items.get(&item.key);
            let is_same = before.is_some_and(|before| before.hash == item.hash);
            let was_told = before.is_some_and(|before| before.told && is_same);
            let told = was_told || !answer.waits || is_same;
            if told && !was_told {
                let what = if before.is_some() && !answer.waits { "changed" } else { "new" };
                news.push(News { what, text: item.text });
            }
            let seen = Seen { hash: item.hash, told, day: item.day, named: item.named };
            next.items.insert(item.key, seen);
        }
        let is_within = |day: &str| day.is_empty() || (*day >= *answer.days.0 && *day <= *answer.days.1);
        for (key, seen) in &self.items {
            if next.items.contains_key(key) || !is_within(&seen.day) {
                continue;
            }
            if answer.is_cut {
                next.items.insert(key.clone(), seen.clone());
            } else if !seen.named.is_empty() {
                news.push(News { what: "gone", text: seen.named.clone() });
            }
        }
        (news, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(key: &str, hash: &str, day: &str) -> Item {
        let named = format!("gone {key}");
        Item {
            key: key.to_owned(),
            hash: hash.to_owned(),
            text: format!("{key} {hash}"),
            day: day.to_owned(),
            named,
        }
    }

    fn answer(items: &[Item]) -> Answer {
        let days = ("20261201".to_owned(), "20261205".to_owned());
        Answer { items: items.to_vec(), days, ..Answer::default() }
    }

    fn told(news: Vec<News>) -> Vec<String> {
        news.into_iter().map(|one| format!("{}: {}", one.what, one.text)).collect()
    }

    #[test]
    fn what_is_new_changed_or_gone_is_told_once() {
        let items = [item("a", "1", "20261201"), item("b", "1", "20261202"), item("c", "1", "20261203")];
        let (news, memory) = Memory::default().compare(answer(&items));
        assert_eq!(told(news), ["new: a 1", "new: b 1", "new: c 1"]);
        let memory = Memory::read(Some(&memory.to_bytes()));
        let (news, memory) = memory.compare(answer(&items));
        assert_eq!(news, []);
        let (news, memory) =
            memory.compare(answer(&[item("b", "2", "20261202"), item("c", "1", "20261203")]));
        assert_eq!(told(news), ["changed: b 2", "gone: gone a"]);
        // Yesterday's are not gone.
        let later = Answer { days: ("20261203".to_owned(), "20261207".to_owned()), ..answer(&[]) };
        let (news, memory) = memory.compare(later);
        assert_eq!(told(news), ["gone: gone c"]);
        assert_eq!(memory, Memory::default());
    }

    #[test]
    fn an_answer_that_is_cut_says_of_nothing_that_it_is_gone() {
        let (_, memory) = Memory::default().compare(answer(&[item("a", "1", ""), item("b", "1", "")]));
        let (news, memory) = memory.compare(Answer { is_cut: true, ..answer(&[item("b", "1", "")]) });
        assert_eq!(news, []);
        let (news, _) = memory.compare(answer(&[item("b", "1", "")]));
        assert_eq!(told(news), ["gone: gone a"]);
    }

    #[test]
    fn what_grows_is_told_when_it_has_come_to_rest() {
        let look = |memory: &Memory, hash: &str| {
            memory.compare(Answer { waits: true, ..answer(&[item("a", hash, "20261201")]) })
        };
        let (news, memory) = look(&Memory::default(), "1");
        assert_eq!(news, []);
        let (news, memory) = look(&memory, "2");
        assert_eq!(news, []);
        let (news, memory) = look(&memory, "2");
        assert_eq!(told(news), ["new: a 2"]);
        let (news, memory) = look(&memory, "2");
        assert_eq!(news, []);
        let (news, memory) = look(&memory, "3");
        assert_eq!(news, []);
        assert_eq!(told(look(&memory, "3").0), ["new: a 3"]);
    }
}
