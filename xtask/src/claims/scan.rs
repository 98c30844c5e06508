//! The tests of the workspace, found in the sources as the test runner would
//! name them, with the claims that their documentation names.
//!
//! The compiler's own tokens are read, so no comment and no text can pass for a
//! test. Found are functions with an attribute whose name ends in `test`, also
//! inside of `proptest!` and where a macro of the same file makes them of a list
//! of names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use serde::Deserialize;

use super::page::{TestName, is_id};
use crate::docs::{self, Texts};

/// A test as its source says.
pub(super) struct Test {
    pub(super) file: PathBuf,
    pub(super) claims: BTreeSet<String>,
    pub(super) ignored: bool,
}

#[derive(Deserialize)]
struct Manifest {
    package: Package,
    #[serde(default)]
    bin: Vec<Binary>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

#[derive(Deserialize)]
struct Binary {
    name: String,
    path: PathBuf,
}

/// Every test of the workspace's members.
///
/// # Errors
/// A manifest or a source that cannot be read.
pub(super) fn tests(texts: &Texts) -> Result<BTreeMap<TestName, Test>> {
    let mut all = BTreeMap::new();
    for member in docs::members(texts)? {
        let folder = Path::new(&member);
        let manifest = texts
            .get(&folder.join("Cargo.toml"))
            .ok_or_else(|| anyhow!("{member} has no Cargo.toml"))?;
        let manifest: Manifest = toml::from_str(manifest)?;
        for (path, text) in texts.iter().filter(|(path, _)| path.starts_with(folder)) {
            let inside = path.strip_prefix(folder)?;
            if path.extension().is_none_or(|ending| ending != "rs") {
                continue;
            }
            let Some(place) = Place::of(inside, folder, &manifest, texts) else {
                continue;
            };
            let tokens = TokenStream::from_str(text)
                .map_err(|error| anyhow!("{}: {error}", path.display()))?;
            let mut file = File {
                makers: BTreeMap::new(),
                said: BTreeMap::new(),
                found: Vec::new(),
            };
            file.read(tokens, &place.modules, &BTreeSet::new());
            for mut found in file.found {
                if let Some(said) = found.made_of.and_then(|name| file.said.get(&name)) {
                    found.claims.extend(said.iter().cloned());
                }
                let name = TestName {
                    binary: place.binary.clone(),
                    path: found.path.join("::"),
                };
                let test = Test {
                    file: path.clone(),
                    claims: found.claims,
                    ignored: found.ignored,
                };
                all.insert(name, test);
            }
        }
    }
    Ok(all)
}

/// The binary that a source belongs to, and its module in it.
struct Place {
    binary: String,
    modules: Vec<String>,
}

impl Place {
    fn of(inside: &Path, folder: &Path, manifest: &Manifest, texts: &Texts) -> Option<Self> {
        let parts: Vec<&str> = inside
            .iter()
            .map(|part| part.to_str())
            .collect::<Option<_>>()?;
        let package = &manifest.package.name;
        let exists = |path: &str| texts.contains_key(&folder.join(path));
        let program = |root: &str| {
            let declared = manifest.bin.iter().find(|bin| bin.path == Path::new(root));
            let name = declared.map_or(package, |bin| &bin.name);
            format!("{package}::bin/{name}")
        };
        let (binary, rest) = match parts.as_slice() {
            ["src", "bin", name] => {
                let name = name.strip_suffix(".rs")?;
                (format!("{package}::bin/{name}"), &[][..])
            }
            ["src", "bin", name, rest @ ..] => (format!("{package}::bin/{name}"), rest),
            ["src", "main.rs"] => (program("src/main.rs"), &[][..]),
            ["src", rest @ ..] if exists("src/lib.rs") => (package.clone(), rest),
            ["src", rest @ ..] => (program("src/main.rs"), rest),
            ["tests", name] => {
                let name = name.strip_suffix(".rs")?;
                (format!("{package}::{name}"), &[][..])
            }
            ["tests", name, rest @ ..] if exists(&format!("tests/{name}/main.rs")) => {
                (format!("{package}::{name}"), rest)
            }
            _ => return None,
        };
        let mut modules: Vec<String> = rest
            .iter()
            .map(|part| part.strip_suffix(".rs").unwrap_or(part).to_owned())
            .collect();
        let root = modules.len() == 1
            && modules
                .first()
                .is_some_and(|only| only == "lib" || only == "main");
        if root || modules.last().is_some_and(|last| last == "mod") {
            modules.pop();
        }
        Some(Self { binary, modules })
    }
}

struct Found {
    path: Vec<String>,
    claims: BTreeSet<String>,
    ignored: bool,
    /// The function that a macro made this test of; its documentation counts.
    made_of: Option<String>,
}

/// One source while it is read.
struct File {
    /// Macros of the file that make tests: the modules in which they make one of
    /// each name that they are given.
    makers: BTreeMap<String, Vec<Vec<String>>>,
    /// The claims in the documentation of functions that are no tests.
    said: BTreeMap<String, BTreeSet<String>>,
    found: Vec<Found>,
}

/// The attributes in front of an item.
#[derive(Default)]
struct Attributes {
    claims: BTreeSet<String>,
    is_test: bool,
    ignored: bool,
}

impl Attributes {
    fn read(&mut self, attribute: &Group) {
        let tokens: Vec<TokenTree> = attribute.stream().into_iter().collect();
        let path: Vec<String> = tokens
            .iter()
            .take_while(|token| match token {
                TokenTree::Ident(_) => true,
                TokenTree::Punct(punct) => punct.as_char() == ':',
                _ => false,
            })
            .filter_map(|token| match token {
                TokenTree::Ident(ident) => Some(ident.to_string()),
                _ => None,
            })
            .collect();
        match path.last().map(String::as_str) {
            Some("test") => self.is_test = true,
            Some("ignore") => self.ignored = true,
            Some("doc") => {
                let text = tokens.last().map(ToString::to_string);
                self.claims.extend(claims(&text.unwrap_or_default()));
            }
            _ => {}
        }
    }
}

impl File {
    /// Reads the items of a module; `claims` are those that its documentation
    /// names for all of its tests.
    fn read(&mut self, tokens: TokenStream, modules: &[String], claims: &BTreeSet<String>) {
        let mut claims = claims.clone();
        let mut attributes = Attributes::default();
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at += match &tokens[at..] {
                [
                    TokenTree::Punct(hash),
                    TokenTree::Punct(bang),
                    TokenTree::Group(inner),
                    ..,
                ] if hash.as_char() == '#' && bang.as_char() == '!' => {
                    let mut of_module = Attributes::default();
                    of_module.read(inner);
                    claims.append(&mut of_module.claims);
                    3
                }
                [TokenTree::Punct(hash), TokenTree::Group(attribute), ..]
                    if hash.as_char() == '#' =>
                {
                    attributes.read(attribute);
                    2
                }
                [
                    TokenTree::Ident(word),
                    TokenTree::Ident(name),
                    TokenTree::Group(body),
                    ..,
                ] if word == "mod" && body.delimiter() == Delimiter::Brace => {
                    let mut inner = modules.to_vec();
                    inner.push(name.to_string());
                    claims.append(&mut attributes.claims.clone());
                    self.read(body.stream(), &inner, &claims);
                    attributes = Attributes::default();
                    3
                }
                [TokenTree::Ident(word), TokenTree::Ident(name), ..] if word == "fn" => {
                    if attributes.is_test {
                        let mut path = modules.to_vec();
                        path.push(name.to_string());
                        self.found.push(Found {
                            path,
                            claims: claims.union(&attributes.claims).cloned().collect(),
                            ignored: attributes.ignored,
                            made_of: None,
                        });
                    } else {
                        let said = std::mem::take(&mut attributes.claims);
                        self.said.insert(name.to_string(), said);
                    }
                    attributes = Attributes::default();
                    2
                }
                [
                    TokenTree::Ident(word),
                    TokenTree::Punct(bang),
                    TokenTree::Ident(name),
                    TokenTree::Group(body),
                    ..,
                ] if word == "macro_rules" && bang.as_char() == '!' => {
                    let mut places = Vec::new();
                    made(body.stream(), &[], &mut places);
                    self.makers.insert(name.to_string(), places);
                    attributes = Attributes::default();
                    4
                }
                [
                    TokenTree::Ident(name),
                    TokenTree::Punct(bang),
                    TokenTree::Group(given),
                    ..,
                ] if bang.as_char() == '!' => {
                    self.call(&name.to_string(), given, modules, &claims);
                    attributes = Attributes::default();
                    3
                }
                [TokenTree::Group(body), ..] if body.delimiter() == Delimiter::Brace => {
                    attributes = Attributes::default();
                    1
                }
                _ => 1,
            };
        }
    }

    fn call(&mut self, name: &str, given: &Group, modules: &[String], claims: &BTreeSet<String>) {
        let Some(places) = self.makers.get(name).cloned() else {
            if name == "proptest" {
                self.read(given.stream(), modules, claims);
            }
            return;
        };
        for token in given.stream() {
            let TokenTree::Ident(test) = token else {
                continue;
            };
            for place in &places {
                let path = modules.iter().chain(place).cloned();
                self.found.push(Found {
                    path: path.chain([test.to_string()]).collect(),
                    claims: claims.clone(),
                    ignored: false,
                    made_of: Some(test.to_string()),
                });
            }
        }
    }
}

/// The modules in which a macro makes `#[test] fn $name`.
fn made(tokens: TokenStream, modules: &[String], places: &mut Vec<Vec<String>>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut attributes = Attributes::default();
    let mut at = 0;
    while at < tokens.len() {
        at += match &tokens[at..] {
            [TokenTree::Punct(hash), TokenTree::Group(attribute), ..] if hash.as_char() == '#' => {
                attributes.read(attribute);
                2
            }
            [
                TokenTree::Ident(word),
                TokenTree::Ident(name),
                TokenTree::Group(body),
                ..,
            ] if word == "mod" => {
                let mut inner = modules.to_vec();
                inner.push(name.to_string());
                made(body.stream(), &inner, places);
                3
            }
            [
                TokenTree::Ident(word),
                TokenTree::Punct(dollar),
                TokenTree::Ident(_),
                TokenTree::Group(_),
                TokenTree::Group(_),
                ..,
            ] if word == "fn" && dollar.as_char() == '$' => {
                if attributes.is_test && !attributes.ignored {
                    places.push(modules.to_vec());
                }
                attributes = Attributes::default();
                5
            }
            [TokenTree::Group(inner), ..] => {
                made(inner.stream(), modules, places);
                1
            }
            _ => 1,
        };
    }
}

/// The claims in a text: "Claim C2.", "Claims C1, M1 and Z1: ...".
fn claims(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for start in ["Claim ", "Claims "] {
        for (_, rest) in text
            .match_indices(start)
            .map(|(at, _)| text[at..].split_at(start.len()))
        {
            let words = rest
                .split([' ', ','])
                .filter(|word| !word.is_empty() && *word != "and");
            for word in words {
                let id = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
                if !is_id(id) {
                    break;
                }
                all.insert(id.to_owned());
                if id != word {
                    break;
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, text: &str) -> Vec<(String, Vec<String>)> {
        let texts: Texts = [
            ("Cargo.toml", "[workspace]\nmembers = [\"a\"]"),
            (
                "a/Cargo.toml",
                "[package]\nname = \"p\"\n[[bin]]\nname = \"tool\"\npath = \"src/main.rs\"",
            ),
            ("a/tests/it/main.rs", ""),
            (file, text),
        ]
        .into_iter()
        .map(|(path, text)| (PathBuf::from(path), text.to_owned()))
        .collect();
        tests(&texts)
            .unwrap()
            .into_iter()
            .map(|(name, test)| (name.to_string(), test.claims.into_iter().collect()))
            .collect()
    }

    fn names(file: &str, text: &str) -> Vec<String> {
        found(file, text)
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    }

    #[test]
    fn a_file_says_which_binary_and_module_it_is() {
        let test = "#[test] fn t() {}";
        for (file, name) in [
            ("a/src/lib.rs", "p t"),
            ("a/src/b/mod.rs", "p::bin/tool b::t"),
            ("a/src/main.rs", "p::bin/tool t"),
            ("a/src/bin/x.rs", "p::bin/x t"),
            ("a/src/bin/x/main.rs", "p::bin/x t"),
            ("a/src/bin/x/y.rs", "p::bin/x y::t"),
            ("a/tests/z.rs", "p::z t"),
            ("a/tests/it/w.rs", "p::it w::t"),
        ] {
            assert_eq!(names(file, test), [name], "{file}");
        }
        assert!(names("a/tests/common/mod.rs", test).is_empty());
    }

    #[test]
    fn only_what_the_compiler_takes_for_a_test_is_one() {
        let text = "
            // #[test] fn a() {}
            /* #[test] fn b() {} */
            const C: &str = \"#[test] fn c() {}\";
            fn d() {}
            #[tokio::test(start_paused = true)] async fn e() { fn f() {} }
            mod m { #[test] #[should_panic] pub fn g() {} }
            proptest! { #[test] fn h(x in 0..1) {} }
            other! { #[test] fn i() {} }
        ";
        let expected = ["p e", "p h", "p m::g"];
        assert_eq!(names("a/src/lib.rs", text), expected);
    }

    #[test]
    fn tests_that_a_macro_makes_of_names_are_found() {
        let text = "
            macro_rules! both { ($($n:ident)*) => {
                mod one { $(#[test] fn $n() { super::$n(1) })* }
                mod two { $(#[tokio::test] async fn $n() { super::$n(2) })* }
            }; }
            both! { a b }
            /// Claim A1.
            fn a(_: u8) {}
        ";
        let expected = ["p one::a", "p one::b", "p two::a", "p two::b"];
        assert_eq!(names("a/src/lib.rs", text), expected);
        let all = found("a/src/lib.rs", text);
        let with = all.iter().filter(|(_, claims)| claims == &["A1"]);
        assert_eq!(with.count(), 2);
    }

    #[test]
    fn claims_are_read_in_words_of_a_test_and_of_its_module() {
        let text = "//! Claim M2, Tor or nothing.\n/// It is so. Claims C1, F1 and Z1.\n#[test] fn a() {}\n// Claim B0.\n#[test] fn b() {}\n/// Claim D0. X9\n mod m { #[test] fn c() {} }";
        let all = found("a/src/lib.rs", text);
        let of = |name: &str| all.iter().find(|(n, _)| n == name).unwrap().1.join(" ");
        assert_eq!(of("p a"), "C1 F1 M2 Z1");
        assert_eq!(of("p b"), "M2");
        assert_eq!(of("p m::c"), "D0 M2");
    }
}
