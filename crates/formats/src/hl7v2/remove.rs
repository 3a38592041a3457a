//! `delete-segment`: segments of a name, all or those that meet a condition.
//!
//! In the condition `[#]` is the segment at hand: `{ "OBX[#]-11" = "D" }`.

use klinke_engine::steps::{Builder, Built, Reader, Spec, SpecError, StepKind, Workshop, build, spec};

use super::operate;

pub(super) const DELETE_SEGMENT: StepKind = StepKind {
    name: "delete-segment",
    about: "Deletes all segments of a name, or those that meet `if` (`[#]` is the one at hand).",
    example: r##"delete-segment = { segment = "OBX", if = { "OBX[#]-11" = "D" } }"##,
    build: delete,
    keys: &[("segment", "the segment's name"), ("if", "a condition; `[#]` is the segment at hand")],
    any_format: false,
};

// A function of this shape is what lists hold; the assignment proves it at compile time.
const _: &Builder = &delete;

fn delete(spec: &Spec, workshop: &Workshop<'_>) -> Built {
    if !spec.is_table() {
        let names = spec::one_or_list(spec, segment)?;
        let paths = names.iter().map(|name| format!("{name}[*]").into()).collect();
        return build(&table([("delete", Spec::Array(paths))]), workshop);
    }
    let mut reader = Reader::new(spec)?;
    let name = reader.need("segment", segment)?;
    let condition = reader.value("if").cloned();
    reader.end()?;
    let Some(condition) = condition else {
        return build(&table([("delete", format!("{name}[*]").into())]), workshop);
    };
    let step = table([("delete", format!("{name}[#]").into())]);
    let each = table([
        ("in", format!("{name}[*]").into()),
        ("backwards", true.into()),
        ("when", condition),
        ("step", Spec::Array(vec![step])),
    ]);
    build(&table([("for-each", each)]), workshop).map_err(|error| {
        // The condition is written under another name here.
        let inner = error.key.0.iter().skip_while(|key| *key != "when").skip(1).cloned().collect::<Vec<_>>();
        let mut fault = SpecError::here(error.text);
        fault.key.0 = inner;
        fault.under("if")
    })
}

fn segment(spec: &Spec) -> Result<String, SpecError> {
    let name = spec::text(spec)?;
    operate::every(&name).map_err(|error| SpecError::here(error.to_string()))?;
    Ok(name)
}

fn table<const N: usize>(entries: [(&str, Spec); N]) -> Spec {
    Spec::Table(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}
