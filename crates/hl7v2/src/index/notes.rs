//! What the pass over a message noted about its line ends.

/// How often something was met, and where first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Note {
    /// How often.
    pub count: u32,
    /// Offset of the first one, in bytes.
    pub first: u32,
}

impl Note {
    pub(super) fn note(&mut self, at: usize) {
        if self.count == 0 {
            self.first = at as u32;
        }
        self.count = self.count.saturating_add(1);
    }
}

/// Line ends of one message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineNotes {
    /// Segments that end with CR, as they should.
    pub cr: Note,
    /// Segments that end with LF.
    pub lf: Note,
    /// Segments that end with CR LF.
    pub crlf: Note,
    /// Blank lines between segments.
    pub blank: Note,
    /// Segments with white space before their name.
    pub indented: Note,
    /// Control characters between segments.
    pub control: Note,
    /// Line ends that do not end a segment: what follows continues the field.
    pub continued: Note,
    /// Segments whose name is in lower case.
    pub lower_case: Note,
    /// The last segment has no terminator.
    pub unterminated: bool,
}

impl LineNotes {
    /// How most segments end: `\r`, `\n` or `\r\n`.
    pub fn terminator(&self) -> &'static [u8] {
        if self.lf.count > self.cr.count && self.lf.count > self.crlf.count {
            b"\n"
        } else if self.crlf.count > self.cr.count {
            b"\r\n"
        } else {
            b"\r"
        }
    }

    /// True when a run of line ends and white space is a usual segment end in this message: CR and
    /// CR LF always, LF when a segment before it ended so.
    pub(super) fn is_main(&self, run: &[u8]) -> bool {
        run.first() == Some(&b'\r') || self.lf.count > 0 || self.cr.count + self.crlf.count == 0
    }

    /// Note the run that ends a segment; `followed` says that another segment comes behind it.
    pub(super) fn segment_end(&mut self, run: &[u8], at: usize, followed: bool) {
        let [cr, lf, _] = kinds(run);
        let note = match (cr, lf) {
            (true, _) => &mut self.cr,
            (_, true) => &mut self.lf,
            _ => &mut self.crlf,
        };
        note.note(at);
        let first = if cr || lf { 1 } else { 2 };
        if run.iter().any(|b| !matches!(b, b'\r' | b'\n' | b' ' | b'\t')) {
            self.control.note(at);
        } else if run[first..].iter().any(|b| matches!(b, b'\r' | b'\n')) {
            self.blank.note(at + first);
        }
        if followed && matches!(run.last(), Some(b' ' | b'\t')) {
            self.indented.note(at + run.len() - 1);
        }
    }
}

/// Whether a run begins with CR alone, LF alone, or CR LF.
fn kinds(run: &[u8]) -> [bool; 3] {
    let crlf = run.starts_with(b"\r\n");
    [run.starts_with(b"\r") && !crlf, run.starts_with(b"\n"), crlf]
}
