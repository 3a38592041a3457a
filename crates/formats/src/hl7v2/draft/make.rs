//! The steps that a place's change can be.

use super::Item;
use super::places::Within;
use super::write::{braced, quote};

/// Rows of a look-up table.
pub type Rows = Vec<(String, String)>;

/// What a place becomes.
pub enum Make {
    /// Always this text.
    Constant(String),
    /// Always this, with its separators as written.
    Encoded(String),
    /// Said to be deleted.
    Null,
    /// Empty.
    Clear,
    /// This where there was nothing.
    Default(String),
    /// What stands at another place.
    Copy(String),
    /// A template, and the places that it reads.
    Template(String, Vec<String>),
    /// Translated.
    Lookup(Rows),
    /// Translated from what stands at another place.
    LookupOf(String, Rows),
}

/// Where a step is for.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The channel's name: tables begin with it.
    pub channel: &'a str,
    /// The segment's name.
    pub segment: &'a str,
    /// The segment stands more than once in some message.
    pub repeats: bool,
    /// Some source has none, so that writing would make one.
    pub is_optional: bool,
}

impl Make {
    /// The step that makes it of a place.
    pub fn item(&self, target: &Target<'_>, within: Within) -> Item {
        let Target { channel, segment, repeats, is_optional } = *target;
        let plain = within.path(segment);
        let each = within.path(&format!("{}[#]", segment));
        let many = within.path(&format!("{}[*]", segment));
        let to = if repeats { &many } else { &plain };
        let table_name = format!("{}-{}", channel, plain.to_lowercase().replace(['.', '['], "-"));
        let mut reads = Vec::new();
        let mut table = None;
        let looped = |step: String| match repeats {
            true => {
                format!("for-each = {{ in = {}, step = [{{ {step} }}] }}", quote(&format!("{}[*]", segment)))
            }
            false => step,
        };
        let place = if repeats { &each } else { &plain };
        let line = match self {
            Make::Constant(value) => format!("set = {{ {} = {} }}", quote(to), quote(&braced(value))),
            Make::Encoded(value) => {
                looped(format!("set-encoded = {{ {} = {} }}", quote(place), quote(&braced(value))))
            }
            Make::Null => format!("null = {}", quote(to)),
            Make::Clear => format!("clear = {}", quote(to)),
            Make::Default(value) => format!("default = {{ {} = {} }}", quote(to), quote(&braced(value))),
            Make::Copy(from) => {
                reads.push(from.clone());
                looped(format!("copy = {{ {} = {} }}", quote(from), quote(place)))
            }
            Make::Template(template, from) => {
                reads.extend(from.iter().cloned());
                looped(format!("set = {{ {} = {} }}", quote(place), quote(template)))
            }
            Make::Lookup(rows) => {
                reads.push(plain.clone());
                table = Some((table_name.clone(), rows.clone()));
                format!("lookup = {{ field = {}, table = {} }}", quote(to), quote(&table_name))
            }
            Make::LookupOf(from, rows) => {
                reads.push(from.clone());
                table = Some((table_name.clone(), rows.clone()));
                let key = quote(&format!("{{{from}}}"));
                looped(format!(
                    "lookup = {{ key = {key}, table = {}, to = {} }}",
                    quote(&table_name),
                    quote(place)
                ))
            }
        };
        let is_for_some = is_optional && !repeats;
        let when =
            if is_for_some { format!("{{ {} = {{ exists = true }} }}", segment) } else { String::new() };
        let reads = reads.into_iter().map(|place| place.replace("[#]", "")).collect();
        Item { line, when, reads, writes: plain, right: (0, 0), table }
    }
}
