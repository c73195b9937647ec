//! `--local`: LocalStack on this machine. The folder that starts it is part of the program.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io};

use include_dir::{Dir, DirEntry, include_dir};
use sha2::{Digest, Sha256};

use super::Failure;

static FOLDER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/localstack");
/// What is not needed to start it.
const LEFT_OUT: [&str; 2] = ["tests", "__pycache__"];
const DEFAULT_PORT: u16 = 4566;

/// Starts it if it is not running, and returns its endpoint.
pub fn endpoint() -> Result<String, Failure> {
    let folder =
        unpack().map_err(|error| Failure::error(format!("LocalStack's scripts cannot be unpacked: {error}")))?;
    let answer = Command::new("bash")
        .arg(folder.join("up"))
        .args(["--port", &port()?.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::error(format!("`bash` cannot be run: {error}")))?;
    let endpoint = String::from_utf8_lossy(&answer.stdout).lines().last().unwrap_or_default().trim().to_owned();
    if answer.status.success() && endpoint.starts_with("http") {
        return Ok(endpoint);
    }
    Err(Failure::error("LocalStack did not start")
        .help("the lines above say why; `ISOBAR_LOCAL_PORT` takes another port"))
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
    let draft = tempfile::tempdir_in(&home)?;
    write(&FOLDER, &draft.path().join("src"))?;
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

fn write(dir: &Dir<'_>, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in needed(dir) {
        let path = to.join(entry.path().file_name().unwrap_or_default());
        match entry {
            DirEntry::Dir(inner) => write(inner, &path)?,
            DirEntry::File(file) => fs::write(path, file.contents())?,
        }
    }
    Ok(())
}

fn fingerprint() -> String {
    let mut digest = Sha256::new();
    add(&FOLDER, &mut digest);
    digest.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn add(dir: &Dir<'_>, digest: &mut Sha256) {
    for entry in needed(dir) {
        digest.update(entry.path().to_string_lossy().as_bytes());
        match entry {
            DirEntry::Dir(inner) => add(inner, digest),
            DirEntry::File(file) => digest.update(file.contents()),
        }
    }
}

fn needed<'a>(dir: &'a Dir<'a>) -> impl Iterator<Item = &'a DirEntry<'a>> {
    dir.entries().iter().filter(|entry| {
        let name = entry.path().file_name().unwrap_or_default().to_string_lossy();
        !LEFT_OUT.contains(&name.as_ref())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unpacked_can_start_and_holds_no_tests() {
        let to = tempfile::tempdir().expect("a folder");
        write(&FOLDER, to.path()).expect("written");
        for file in ["up", "launcher.py", "pins.txt", "find_python.sh"] {
            assert!(to.path().join(file).is_file(), "{file}");
        }
        assert!(!to.path().join("tests").exists());
    }
}
