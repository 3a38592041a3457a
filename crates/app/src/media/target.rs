//! Where a medium is written: a folder, or a ZIP file.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use klinke_adapters::zip::Zip;

/// A folder or a file that is being written. A file has its name only when it is whole.
pub enum Target {
    /// Files in a folder.
    Folder(PathBuf),
    /// Entries of a ZIP file, with the name that it gets.
    Zip(Box<ZipFile>),
}

/// A ZIP file on its way.
pub struct ZipFile {
    zip: Zip,
    out: BufWriter<File>,
    part: PathBuf,
    path: PathBuf,
}

impl Target {
    /// A folder that is empty or not there yet, or a file that ends in `.zip` and is not there yet.
    pub fn open(path: &Path) -> Result<Self> {
        let shown = || path.display().to_string();
        let is_zip = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"));
        if !is_zip {
            fs::create_dir_all(path).with_context(shown)?;
            if fs::read_dir(path).with_context(shown)?.next().is_some() {
                bail!("{} is not empty", path.display());
            }
            return Ok(Target::Folder(path.to_path_buf()));
        }
        if path.exists() {
            bail!("{} is there already", path.display());
        }
        let part = path.with_extension("zip.part");
        let out = BufWriter::new(File::create(&part).with_context(|| part.display().to_string())?);
        Ok(Target::Zip(Box::new(ZipFile { zip: Zip::default(), out, part, path: path.to_path_buf() })))
    }

    /// Writes a file: its path with slashes, and its bytes in pieces.
    pub fn put(&mut self, name: &str, pieces: &[&[u8]]) -> Result<()> {
        match self {
            Target::Folder(folder) => {
                let path = folder.join(name);
                let shown = || path.display().to_string();
                fs::create_dir_all(path.parent().unwrap_or(folder)).with_context(shown)?;
                let mut file = File::create_new(&path).with_context(shown)?;
                pieces.iter().try_for_each(|piece| file.write_all(piece)).with_context(shown)
            }
            Target::Zip(file) => file.put(name, pieces).with_context(|| file.part.display().to_string()),
        }
    }

    /// All is written.
    pub fn finish(self) -> Result<()> {
        let Target::Zip(mut file) = self else { return Ok(()) };
        let end = std::mem::take(&mut file.zip).finish();
        let shown = || file.path.display().to_string();
        file.out.write_all(&end).with_context(shown)?;
        file.out.flush().with_context(shown)?;
        file.out.get_ref().sync_all().with_context(shown)?;
        fs::rename(&file.part, &file.path).with_context(shown)
    }
}

impl ZipFile {
    fn put(&mut self, name: &str, pieces: &[&[u8]]) -> std::io::Result<()> {
        let size = pieces.iter().map(|piece| piece.len() as u64).sum();
        self.out.write_all(&self.zip.begin(name, size))?;
        for piece in pieces {
            self.zip.take(piece);
            self.out.write_all(piece)?;
        }
        self.out.write_all(&self.zip.end())
    }
}

impl Drop for ZipFile {
    fn drop(&mut self) {
        // Half a file is none; a whole one has another name by now.
        let _ = fs::remove_file(&self.part);
    }
}
