//! A function's code as a zip that is the same for the same files, on every machine.
//!
//! Building happens in memory; storing is a step of its own, so that `validate` writes nothing.

use std::fs;
use std::io::{self, Cursor, Read, Write};
use std::path::{Component, Path, PathBuf};

use base64::Engine;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;

use super::Package;
use crate::problem::{Code, Problem};

/// The most that Lambda takes in a request, zipped.
const MAX_ZIPPED: u64 = 50 << 20;
/// The most that Lambda takes, unzipped.
const MAX_UNZIPPED: u64 = 250 << 20;
/// More files than this are a folder given by mistake.
const MAX_FILES: usize = 20_000;
/// Deeper than this, links go round in circles.
const MAX_DEPTH: usize = 48;
/// Files and folders that are no part of a function.
const SKIPPED: &[&str] = &[".git", ".isobar", "__pycache__", ".DS_Store"];

/// A package and its bytes.
#[derive(Debug, Clone)]
pub struct Built {
    /// The package; its path is where [`store`] puts it.
    pub package: Package,
    /// The zip.
    pub zip: Vec<u8>,
}

/// Builds the package of a folder or zip, given relative to the folder of the stack file.
/// The problem has no place yet.
pub fn build(folder: &Path, code: &str) -> Result<Built, Box<Problem>> {
    let given = Path::new(code);
    if given.components().any(|part| matches!(part, Component::RootDir | Component::Prefix(_))) {
        let problem = Problem::new(Code::BadCode, format!("`{code}` is an absolute path"));
        return Err(problem.help("give the path from the stack file, so that it is the same on every machine").into());
    }
    let path = folder.join(given);
    let is_zip = given.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    let zip = match fs::metadata(&path) {
        Ok(found) if found.is_dir() => zip_folder(&path, code)?,
        Ok(found) if found.is_file() && is_zip => read_zip(&path, code, found.len())?,
        Ok(_) => {
            let problem = Problem::new(Code::BadCode, format!("`{code}` is neither a folder nor a `.zip`"));
            return Err(problem.help("give the folder that the file is in").into());
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let problem = Problem::new(Code::MissingCode, format!("there is no folder or file `{code}`"));
            return Err(problem.help("the path goes from the folder that the stack file is in").into());
        }
        Err(error) => return Err(unreadable(code, &error).into()),
    };
    let bytes = zip.len() as u64;
    if bytes > MAX_ZIPPED {
        return Err(too_large(code, bytes, MAX_ZIPPED, "zipped").into());
    }
    let digest = Sha256::digest(&zip);
    let hex = digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let path = folder.join(".isobar").join("build").join(format!("{hex}.zip"));
    let sha256 = base64::engine::general_purpose::STANDARD.encode(digest);
    Ok(Built { package: Package { path, sha256, bytes }, zip })
}

/// Puts a package where its path says, unless it is there.
pub fn store(built: &Built) -> io::Result<()> {
    let path = &built.package.path;
    if fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() == built.package.bytes) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Another run may be at the same: what is under the name is always whole.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&built.zip)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn read_zip(path: &Path, code: &str, length: u64) -> Result<Vec<u8>, Box<Problem>> {
    if length > MAX_ZIPPED {
        return Err(too_large(code, length, MAX_ZIPPED, "zipped").into());
    }
    let bytes = fs::read(path).map_err(|error| unreadable(code, &error))?;
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes))
        .map_err(|error| Problem::new(Code::BadCode, format!("`{code}` is not a zip: {error}")))?;
    let mut unzipped = 0_u64;
    for at in 0..archive.len() {
        unzipped = unzipped.saturating_add(archive.by_index_raw(at).map_or(0, |file| file.size()));
    }
    if archive.is_empty() {
        return Err(empty(code).into());
    }
    if unzipped > MAX_UNZIPPED {
        return Err(too_large(code, unzipped, MAX_UNZIPPED, "unzipped").into());
    }
    Ok(bytes)
}

/// A file that goes into a package.
struct Entry {
    /// Its name in the zip: parts joined by `/`.
    name: String,
    path: PathBuf,
    executable: bool,
    bytes: u64,
}

fn zip_folder(folder: &Path, code: &str) -> Result<Vec<u8>, Box<Problem>> {
    let mut entries = Vec::new();
    collect(folder, "", 0, code, &mut entries)?;
    if entries.is_empty() {
        return Err(empty(code).into());
    }
    let unzipped = entries.iter().map(|entry| entry.bytes).fold(0, u64::saturating_add);
    if unzipped > MAX_UNZIPPED {
        return Err(too_large(code, unzipped, MAX_UNZIPPED, "unzipped").into());
    }
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    write_zip(&entries).map_err(|error| unreadable(code, &error).into())
}

fn collect(
    folder: &Path,
    prefix: &str,
    depth: usize,
    code: &str,
    entries: &mut Vec<Entry>,
) -> Result<(), Box<Problem>> {
    if depth > MAX_DEPTH {
        let problem = Problem::new(Code::BadCode, format!("folders stand more than {MAX_DEPTH} deep in `{code}`"));
        return Err(problem.help("look for a link to a folder around it").into());
    }
    for item in fs::read_dir(folder).map_err(|error| unreadable(code, &error))? {
        let item = item.map_err(|error| unreadable(code, &error))?;
        let name = item.file_name();
        let Some(name) = name.to_str() else {
            let what = format!("a file in `{code}` has a name that is not UTF-8: `{prefix}{}`", name.to_string_lossy());
            return Err(Problem::new(Code::BadCode, what).into());
        };
        if SKIPPED.contains(&name) {
            continue;
        }
        // Links are followed: the package holds what they lead to.
        let found = fs::metadata(item.path()).map_err(|error| unreadable(&format!("{code}/{prefix}{name}"), &error))?;
        if found.is_dir() {
            collect(&item.path(), &format!("{prefix}{name}/"), depth + 1, code, entries)?;
        } else if found.is_file() {
            let name = format!("{prefix}{name}");
            entries.push(Entry { name, path: item.path(), executable: is_executable(&found), bytes: found.len() });
        }
        if entries.len() > MAX_FILES {
            let problem = Problem::new(Code::BadCode, format!("`{code}` holds more than {MAX_FILES} files"));
            return Err(problem.help("give the folder of this one function").into());
        }
    }
    Ok(())
}

#[cfg(unix)]
fn is_executable(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    found.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

fn write_zip(entries: &[Entry]) -> io::Result<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .compression_level(Some(6))
            .last_modified_time(zip::DateTime::default())
            .system(zip::System::Unix)
            .unix_permissions(if entry.executable { 0o755 } else { 0o644 });
        writer.start_file(&entry.name, options)?;
        // A file that grows while it is read is not read past the limit.
        io::copy(&mut fs::File::open(&entry.path)?.take(MAX_UNZIPPED), &mut writer)?;
    }
    Ok(writer.finish()?.into_inner())
}

fn unreadable(code: &str, error: &io::Error) -> Problem {
    Problem::new(Code::UnreadableCode, format!("`{code}` cannot be read: {error}"))
}

fn empty(code: &str) -> Problem {
    Problem::new(Code::MissingCode, format!("there is no file in `{code}`"))
}

fn too_large(code: &str, bytes: u64, limit: u64, how: &str) -> Problem {
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    let message = format!("`{code}` has {} MiB {how}; Lambda takes {} MiB", mib(bytes), mib(limit));
    Problem::new(Code::CodeTooLarge, message).help("leave out what it does not need, or use `image:`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        folder
    }

    fn names(zip: &[u8]) -> Vec<String> {
        let archive = zip::ZipArchive::new(Cursor::new(zip)).expect("a zip");
        archive.file_names().map(|name| name.expect("a name").into_owned()).collect()
    }

    #[test]
    fn the_same_files_make_the_same_zip() {
        let one =
            folder(&[("f/app.py", "x = 1\n"), ("f/lib/a.py", ""), ("f/__pycache__/a.pyc", "1"), ("f/.git/HEAD", "")]);
        let other = folder(&[("f/lib/a.py", ""), ("f/.DS_Store", "z"), ("f/app.py", "x = 1\n")]);
        let (one, other) = (build(one.path(), "./f").expect("built"), build(other.path(), "f/").expect("built"));
        assert_eq!(one.zip, other.zip);
        assert_eq!(names(&one.zip), ["app.py", "lib/a.py"]);
        // Fixed for good: a change here makes every deployed function differ.
        assert_eq!(one.package.sha256, "5aZ0LL5pMz4mqf4iKrTTSVdXPJ8mNAZsA5VkHTwh7B8=");
    }

    #[test]
    fn a_package_is_stored_once_and_only_when_asked() {
        let folder = folder(&[("f/app.py", "x = 1\n")]);
        let built = build(folder.path(), "f").expect("built");
        assert!(!folder.path().join(".isobar").exists());
        store(&built).expect("stored");
        store(&built).expect("stored");
        assert_eq!(fs::read(&built.package.path).expect("a file"), built.zip);
        assert_eq!(build(folder.path(), ".").map(|built| names(&built.zip)), Ok(vec!["f/app.py".to_owned()]));
    }

    #[test]
    fn a_zip_is_taken_as_it_is() {
        let folder = folder(&[("f/app.py", "x = 1\n"), ("bad.zip", "no zip")]);
        let built = build(folder.path(), "f").expect("built");
        fs::write(folder.path().join("f.zip"), &built.zip).expect("a file");
        assert_eq!(build(folder.path(), "f.zip").expect("built").package, built.package);
        assert_eq!(build(folder.path(), "bad.zip").map(|_| ()).map_err(|problem| problem.code), Err(Code::BadCode));
    }

    #[test]
    fn what_cannot_be_a_package_is_refused() {
        let folder = folder(&[("f/app.py", ""), ("e/.DS_Store", "")]);
        let check = |code: &str, wanted: Code| {
            assert_eq!(build(folder.path(), code).map(|_| ()).map_err(|problem| problem.code), Err(wanted), "{code}");
        };
        check("missing", Code::MissingCode);
        check("e", Code::MissingCode);
        check("f/app.py", Code::BadCode);
        check("/etc", Code::BadCode);
        let big = fs::File::create(folder.path().join("e/big")).expect("a file");
        big.set_len(MAX_UNZIPPED + 1).expect("a size");
        check("e", Code::CodeTooLarge);
    }
}
