//! Puts the files of the web app into the program: those of `ui/web/dist`, or, where it
//! was not built, a page that says how to build it. Needs no Node.js and no network.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Where the app's build ends, seen from this crate.
const DIST: &str = "../../ui/web/dist";

/// Shown where the app was not built.
const PLACEHOLDER: &str = "src/placeholder.html";

/// What a file is by the end of its name. Others are refused: a wrong type would make
/// the browser drop the file without a word.
const TYPES: &[(&str, &str)] = &[
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("json", "application/json"),
    ("webmanifest", "application/manifest+json"),
    ("ftl", "text/plain; charset=utf-8"),
    ("txt", "text/plain; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("webp", "image/webp"),
    ("ico", "image/x-icon"),
    ("woff2", "font/woff2"),
];

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?).join("page.rs");
    let dist = here.join(DIST);
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={PLACEHOLDER}");
    println!("cargo:rerun-if-changed={}", dist.display());
    let mut files = Vec::new();
    if dist.is_dir() {
        find(&dist, &dist, &mut files)?;
    }
    files.sort();
    let index = files.iter().position(|(name, _)| name == "/index.html");
    match index {
        Some(index) => files[index].0 = "/".to_owned(),
        None => files = vec![("/".to_owned(), here.join(PLACEHOLDER))],
    }
    let mut table = fs::File::create(out)?;
    writeln!(table, "static FILES: &[File] = &[")?;
    for (name, path) in &files {
        let kind = type_of(path)?;
        writeln!(
            table,
            "File {{ name: {name:?}, kind: {kind:?}, bytes: include_bytes!({path:?}) }},"
        )?;
    }
    writeln!(table, "];")
}

/// All files below `dir` with their addresses. Names with a dot in front are left out.
fn find(root: &Path, dir: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            find(root, &path, files)?;
            continue;
        }
        let name = path.strip_prefix(root).map_err(io::Error::other)?;
        let name = name.to_str().filter(|name| {
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
        });
        let name = name.ok_or_else(|| {
            io::Error::other(format!("{}: only A-Z a-z 0-9 . _ -", path.display()))
        })?;
        files.push((format!("/{name}"), path));
    }
    Ok(())
}

fn type_of(path: &Path) -> io::Result<&'static str> {
    let extension = path.extension().and_then(|end| end.to_str());
    TYPES
        .iter()
        .find(|(end, _)| Some(*end) == extension)
        .map(|(_, kind)| *kind)
        .ok_or_else(|| io::Error::other(format!("{}: no type for this file", path.display())))
}
