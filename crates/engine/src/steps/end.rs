//! `end` and `fail`: an envelope ends here, on purpose or as a fault that a person must see.
//!
//! Both are for use with `when`. Their texts go into lists and may go into logs, so they hold no values of
//! the document: they are texts, not templates.

use super::{StepKind, spec};
use crate::document::Document;
use crate::step::{Context, Step, StepError, Yield};

pub(super) const END: StepKind = StepKind {
    name: "end",
    about: "Ends the envelope as filtered, for a reason.",
    example: r#"end = "a test patient""#,
    build: |spec, _| Ok(Box::new(End { reason: spec::text(spec)?, failed: false })),
    keys: &[],
    any_format: false,
};

pub(super) const FAIL: StepKind = StepKind {
    name: "fail",
    about: "Ends the envelope as failed, for a reason; it is kept for a person.",
    example: r#"fail = "no case number""#,
    build: |spec, _| Ok(Box::new(End { reason: spec::text(spec)?, failed: true })),
    keys: &[],
    any_format: false,
};

#[derive(Debug)]
struct End {
    reason: String,
    failed: bool,
}

impl Step for End {
    fn kind(&self) -> &'static str {
        if self.failed { FAIL.name } else { END.name }
    }

    fn apply(&self, _: &mut Context<'_>, _: Box<dyn Document>) -> Result<Yield, StepError> {
        if self.failed {
            return Err(StepError::new(self.reason.clone()));
        }
        Ok(Yield::End(self.reason.clone()))
    }
}
