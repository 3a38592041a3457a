//! Whether every licence is one that ours may stand beside.

use serde_json::Value;
use spdx::{Expression, LicenseReq, ParseMode};

use super::{Graph, name};

/// What is allowed. Of licences that ask for the source of changes, only those that ask it file by file.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
];

/// Packages whose licence is not allowed, or is not said.
pub fn faults(graph: &Graph) -> Vec<String> {
    graph.packages.iter().filter_map(fault).collect()
}

fn fault(package: &Value) -> Option<String> {
    let Some(licence) = package["license"].as_str() else {
        return Some(format!("{} does not name its licence", name(package)));
    };
    // `MIT/Apache-2.0` is how it was written before SPDX expressions.
    match Expression::parse_mode(licence, ParseMode::LAX) {
        Ok(expression) if expression.evaluate(is_allowed) => None,
        Ok(_) => Some(format!("{} is under {licence}, which is not allowed", name(package))),
        Err(error) => Some(format!("{}: {licence:?} is no licence: {}", name(package), error.reason)),
    }
}

fn is_allowed(wanted: &LicenseReq) -> bool {
    wanted.license.id().is_some_and(|id| ALLOWED.contains(&id.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_told_apart() {
        for (licence, allowed) in [
            ("MIT", true),
            ("MIT OR Apache-2.0", true),
            ("Unlicense/MIT", true),
            ("MIT OR LGPL-2.1-or-later", true),
            ("MIT AND LGPL-2.1-or-later", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("GPL-3.0-only", false),
            ("my own", false),
        ] {
            let package = serde_json::json!({ "name": "x", "version": "1.0.0", "license": licence });
            assert_eq!(fault(&package).is_none(), allowed, "{licence}: {:?}", fault(&package));
        }
        assert!(fault(&serde_json::json!({ "name": "x", "version": "1.0.0" })).is_some());
    }
}
