//! Whether a commit is signed by somebody who may bring it to life: `git verify-commit`, or `git verify-tag` of a tag
//! that points at it.
//!
//! Who may stands beside the site's own `klinke.toml`, never in the revision itself: a list of keys as
//! `ssh-keygen(1)` reads it under ALLOWED SIGNERS, or a keyring of GnuPG that holds these keys and no others.
//! What is signed otherwise than the list says counts as not signed, whatever other keys this user knows.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::git;
use crate::site::node::Verify;

/// Tags of a commit that are looked at.
const TAGS_MAX: usize = 50;

/// Says why a commit is not signed by one of those who may, if it is not.
pub fn check(site: &Path, verify: &Verify, hash: &str) -> Result<()> {
    let (kind, file) = match verify {
        Verify::Ssh(file) => ("file of allowed signers", file),
        Verify::Gpg(folder) => ("keyring", folder),
    };
    let place = site.join(file);
    let place =
        place.canonicalize().with_context(|| format!("the {kind} {} can't be read", place.display()))?;
    let by = By { verify, place: place.to_str().context("the name of the file of signers is no UTF-8")? };
    let said = match by.asks(site, "verify-commit", hash) {
        Ok(()) => return Ok(()),
        Err(error) => format!("{error:#}"),
    };
    for tag in tags(site, hash)? {
        if by.asks(site, "verify-tag", &tag).is_ok() {
            return Ok(());
        }
    }
    let said = said.trim_start_matches("git verify-commit:").trim().to_owned();
    let said = if said.is_empty() { "it has no signature".to_owned() } else { said };
    bail!("neither {hash} nor a tag of it is signed by a key of the {kind} {}: {said}", file.display());
}

/// Whose signatures count.
struct By<'a> {
    verify: &'a Verify,
    place: &'a str,
}

impl By<'_> {
    fn asks(&self, site: &Path, verb: &str, object: &str) -> Result<()> {
        let signers = format!("gpg.ssh.allowedSignersFile={}", self.place);
        // A signature says itself of which kind it is: the programs of the other kinds are taken away.
        let (settings, surroundings): (Vec<&str>, Vec<(&str, &str)>) = match self.verify {
            Verify::Ssh(_) => (
                vec![
                    &signers,
                    "gpg.ssh.program=ssh-keygen",
                    "gpg.minTrustLevel=fully",
                    "gpg.program=false",
                    "gpg.openpgp.program=false",
                    "gpg.x509.program=false",
                ],
                Vec::new(),
            ),
            Verify::Gpg(_) => (
                vec![
                    "gpg.program=gpg",
                    "gpg.openpgp.program=gpg",
                    "gpg.ssh.program=false",
                    "gpg.x509.program=false",
                ],
                vec![("GNUPGHOME", self.place)],
            ),
        };
        git::ask_with(site, &settings, &surroundings, &[verb, object]).map(drop)
    }
}

/// The tags that point at a commit and may be signed, by their hashes.
fn tags(site: &Path, hash: &str) -> Result<Vec<String>> {
    let points = format!("--points-at={hash}");
    let count = format!("--count={TAGS_MAX}");
    let format = "--format=%(objecttype) %(objectname) %(*objectname)";
    let listed = git::ask(site, &["for-each-ref", &points, &count, format, "refs/tags"])?;
    let mut tags = Vec::new();
    for line in listed.lines() {
        let mut parts = line.split_ascii_whitespace();
        if let (Some("tag"), Some(tag), Some(target)) = (parts.next(), parts.next(), parts.next()) {
            ensure!(
                tag.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "git lists tags in another way than is known"
            );
            tags.extend((target == hash).then(|| tag.to_owned()));
        }
    }
    Ok(tags)
}
