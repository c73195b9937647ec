//! `--local`: LocalStack on this machine. The folder that starts it is part of the program.

mod files;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io};

use self::files::FILES;
use super::Failure;
use crate::names::short_hash;

const DEFAULT_PORT: u16 = 4566;

/// Starts LocalStack if it is not running, and returns its endpoint.
pub fn endpoint() -> Result<String, Failure> {
    let folder = unpack().map_err(|error| Failure::error(format!("cannot unpack LocalStack's scripts: {error}")))?;
    let answer = Command::new("bash")
        .arg(folder.join("up"))
        .args(["--port", &port()?.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::error(format!("cannot run `bash`: {error}")))?;
    let endpoint = String::from_utf8_lossy(&answer.stdout).lines().last().unwrap_or_default().trim().to_owned();
    if answer.status.success() && endpoint.starts_with("http") {
        return Ok(endpoint);
    }
    Err(Failure::error("LocalStack did not start").help("see the lines above; `ISOBAR_LOCAL_PORT` sets another port"))
}

fn port() -> Result<u16, Failure> {
    match env::var("ISOBAR_LOCAL_PORT") {
        Ok(text) => text.parse().map_err(|_| Failure::error(format!("`ISOBAR_LOCAL_PORT` is `{text}`, not a port"))),
        Err(_) => Ok(DEFAULT_PORT),
    }
}

/// Writes the folder to the cache, once per content: a half-written one is never seen under its name.
fn unpack() -> io::Result<PathBuf> {
    let home = cache()?.join("isobar").join("localstack").join(fingerprint());
    let folder = home.join("src");
    if folder.is_dir() {
        return Ok(folder);
    }
    fs::create_dir_all(&home)?;
    // A run that is killed here, or aborts, leaves its draft: some hundred kilobytes in the cache, which nobody reads.
    let draft = tempfile::tempdir_in(&home)?;
    write(&draft.path().join("src"))?;
    match fs::rename(draft.path().join("src"), &folder) {
        // Another run was faster; its folder has the same content.
        Err(_) if folder.is_dir() => Ok(folder),
        result => result.map(|()| folder),
    }
}

fn cache() -> io::Result<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_CACHE_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".cache")))
        .ok_or_else(|| io::Error::other("neither `XDG_CACHE_HOME` nor `HOME` is set"))
}

fn write(to: &Path) -> io::Result<()> {
    for (path, text) in FILES {
        let path = to.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

fn fingerprint() -> String {
    let all: Vec<&str> = FILES.iter().flat_map(|(path, text)| [*path, *text]).collect();
    short_hash(&all.join("\n"), 12)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Paths of files below a folder, tests and what Python leaves behind not among them.
    fn below(folder: &Path, prefix: &str) -> BTreeSet<String> {
        let mut paths = BTreeSet::new();
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_file() {
                paths.insert(name);
            } else if !["tests", "__pycache__"].contains(&name.rsplit('/').next().unwrap_or_default()) {
                paths.extend(below(&entry.path(), &format!("{name}/")));
            }
        }
        paths
    }

    #[test]
    fn the_program_carries_the_whole_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("localstack");
        let carried: BTreeSet<String> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(carried, below(&folder, ""));
    }

    #[test]
    fn every_carried_file_is_unpacked() {
        let to = tempfile::tempdir().expect("a folder");
        write(to.path()).expect("written");
        assert_eq!(below(to.path(), "").len(), FILES.len());
    }
}
