//! Who runs the database. PostgreSQL refuses root, so root lends it an account that may do nothing.

use crate::failure::{Failure, Outcome, with_file};

/// A user and a group, by number.
pub(crate) type Account = (u32, u32);

const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// The account to run the database under: none when we are an ordinary user already.
pub(crate) fn unprivileged() -> Outcome<Option<Account>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let path = std::path::Path::new("/etc/passwd");
    let passwd = std::fs::read_to_string(path).map_err(with_file("read", path))?;
    match CANDIDATES.iter().find_map(|name| entry(&passwd, name)) {
        Some(account) => Ok(Some(account)),
        None => Err(Failure::because(
            "PostgreSQL does not run as root and there is no user `postgres` or `nobody` to lend it: \
             run this as an ordinary user",
        )),
    }
}

fn entry(passwd: &str, name: &str) -> Option<Account> {
    let fields: Vec<&str> = passwd
        .lines()
        .map(|l| l.split(':').collect())
        .find(|f: &Vec<&str>| f.first() == Some(&name))?;
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::entry;

    #[test]
    fn reads_user_and_group_of_exactly_that_name() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nnobody2:x:7:8::/:/x\nnobody:x:65534:65533:nobody:/:/usr/sbin/nologin\n";
        assert_eq!(entry(passwd, "nobody"), Some((65534, 65533)));
        assert_eq!(entry(passwd, "postgres"), None);
    }
}
