//! Dialects of partners, as the program has them: the file of the site, the page for people, the words for
//! what is new. What a dialect is and how it is learned is `klinke_diagnosis::dialect`.

mod fields;
pub mod file;
pub mod page;
pub mod render;
pub mod words;
