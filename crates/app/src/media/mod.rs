//! Media: studies of the archive as a folder or a ZIP file with a DICOMDIR, and pages that show them without anything else.
//!
//! | file | what |
//! |---|---|
//! | `export` | the instances, the directory, the pages, in their order |
//! | `import` | files into the archive |
//! | `target` | a folder or a ZIP file |
//! | `viewer` | the pages: pictures in a browser, from a disc, without a server |
//!
//! ```text
//! DICOMDIR
//! DICOM/ST000001/SE000001/IM000001    instances, as PS3.10 names them: 8 characters, 8 folders
//! INDEX.HTM                           what is on it
//! VIEWER/P0000001.JPG                 pictures
//! ```

mod export;
mod import;
mod target;
mod viewer;

pub use export::export;
pub use import::import;
