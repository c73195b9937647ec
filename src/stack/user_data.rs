//! What the instances of a fleet start with: a text file, read with the stack file.

use std::io::Read;
use std::path::{Component, Path};

use crate::problem::{Code, Problem};

/// The most that EC2 takes, before base64.
const MAX_BYTES: usize = 16 << 10;

/// Reads a file that is given relative to the folder of the stack file. The problem has no place yet.
pub fn read(folder: &Path, given: &str) -> Result<String, Box<Problem>> {
    let path = Path::new(given);
    if path.components().any(|part| matches!(part, Component::RootDir | Component::Prefix(_))) {
        let problem = Problem::new(Code::BadUserData, format!("`{given}` is an absolute path"));
        return Err(problem.help("give the path from the stack file, so that it is the same on every machine").into());
    }
    let path = folder.join(path);
    if path.is_dir() {
        let problem = Problem::new(Code::BadUserData, format!("`{given}` is a folder"));
        return Err(problem.help("give the file that instances start with").into());
    }
    let mut bytes = Vec::new();
    let read = std::fs::File::open(&path).and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() > MAX_BYTES => {
            let problem = Problem::new(Code::UserDataTooLarge, format!("`{given}` is larger than 16 KiB"));
            Err(problem.help("let it fetch what it needs, or put that into the machine image").into())
        }
        Ok(_) => String::from_utf8(bytes).map_err(|_| {
            let problem = Problem::new(Code::BadUserData, format!("`{given}` is not a text file in UTF-8"));
            problem.help("use a script or a cloud-init file").into()
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let problem = Problem::new(Code::MissingUserData, format!("there is no file `{given}`"));
            Err(problem.help("the path goes from the folder that the stack file is in").into())
        }
        Err(error) => Err(Problem::new(Code::BadUserData, format!("`{given}` cannot be read: {error}")).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_text_file_is_taken_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("written");
        write("boot.sh", b"#!/bin/sh\necho ${HOME}\n");
        write("whole.sh", &vec![b'a'; MAX_BYTES]);
        write("large.sh", &vec![b'a'; MAX_BYTES + 1]);
        write("bytes", &[0xff, 0xfe]);
        let check = |given: &str| read(folder.path(), given).map(|text| text.len()).map_err(|problem| problem.code);
        assert_eq!(check("./boot.sh"), Ok(23));
        assert_eq!(check("whole.sh"), Ok(MAX_BYTES));
        assert_eq!(check("large.sh"), Err(Code::UserDataTooLarge));
        assert_eq!(check("bytes"), Err(Code::BadUserData));
        assert_eq!(check("none.sh"), Err(Code::MissingUserData));
        assert_eq!(check("."), Err(Code::BadUserData));
        assert_eq!(check("/etc/passwd"), Err(Code::BadUserData));
    }
}
