//! Who asks on the machine itself: the user behind the local socket, or behind this process.
//!
//! The kernel tells the user of a socket's other end (SO_PEERCRED); nobody can say they were somebody else.
//! Where the login keeps it (`/proc/<pid>/loginuid`), the user that they logged in as before `sudo` or `su`
//! is told, too: several administrators may share one user.

use std::path::Path;

use klinke_console::audit::Who;

/// The largest file of names that is read.
const PASSWD_BYTES_MAX: u64 = 4 << 20;

/// The user at the other end of the local socket.
pub fn of_peer(credentials: std::io::Result<tokio::net::unix::UCred>) -> Who {
    match credentials {
        Ok(peer) => of(peer.uid(), peer.pid().map(|pid| format!("/proc/{pid}/loginuid"))),
        // The kernel always knows; should it ever not, nobody is named who was not there.
        Err(_) => Who::user("unknown", None),
    }
}

/// The user of this process.
pub fn of_process() -> Who {
    use std::os::unix::fs::MetadataExt;
    match std::fs::metadata("/proc/self") {
        Ok(own) => of(own.uid(), Some("/proc/self/loginuid".to_owned())),
        Err(_) => Who::user("unknown", None),
    }
}

fn of(uid: u32, login: Option<String>) -> Who {
    let login = login.and_then(|file| std::fs::read_to_string(file).ok());
    let login = login.and_then(|text| text.trim().parse::<u32>().ok());
    // The highest number stands for "never logged in": a service.
    let other = login.filter(|login| *login != uid && *login != u32::MAX);
    Who::user(name(uid), other.map(|login| format!("logged in as {}", name(login))))
}

/// A user's name with their number, or the number alone.
fn name(uid: u32) -> String {
    let path = Path::new("/etc/passwd");
    let is_small = path.metadata().is_ok_and(|file| file.len() <= PASSWD_BYTES_MAX);
    let text = if is_small { std::fs::read_to_string(path).unwrap_or_default() } else { String::new() };
    named(&text, uid).map_or_else(|| format!("uid {uid}"), |name| format!("{name} (uid {uid})"))
}

fn named(passwd: &str, uid: u32) -> Option<&str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_named_as_the_machine_names_them() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbad line\nanna:x:1000:1000::/home/anna:/bin/bash\n";
        assert_eq!(
            (named(passwd, 0), named(passwd, 1000), named(passwd, 7)),
            (Some("root"), Some("anna"), None)
        );
        assert_eq!(of_process().kind, klinke_console::audit::WhoKind::User);
    }
}
