//! Mutations: small changes of the code, each of which makes a claim false.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::docs::Texts;

/// Where they are kept.
pub(super) const FILE: &str = "docs/security/mutations.toml";

/// One change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mutation {
    /// By what the register names it.
    pub(super) id: String,
    /// What is false then.
    pub(super) why: String,
    pub(super) file: PathBuf,
    /// What must stand there exactly once.
    find: String,
    replace: String,
}

impl Mutation {
    /// The text with the change.
    ///
    /// # Errors
    /// It does not fit in exactly one place.
    pub(super) fn apply(&self, text: &str) -> Result<String> {
        let times = text.matches(&self.find).count();
        if times != 1 {
            bail!(
                "{FILE}: what {} looks for stands {times} times in {}",
                self.id,
                self.file.display()
            );
        }
        if self.find == self.replace {
            bail!("{FILE}: {} changes nothing", self.id);
        }
        Ok(text.replacen(&self.find, &self.replace, 1))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mutations {
    #[serde(default)]
    mutation: Vec<Mutation>,
}

impl Mutations {
    pub(super) fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).with_context(|| format!("{FILE} cannot be read"))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Mutation> {
        self.mutation.iter()
    }

    pub(super) fn find(&self, id: &str) -> Option<&Mutation> {
        self.iter().find(|mutation| mutation.id == id)
    }

    /// Those that do not fit the code as it is.
    pub(super) fn complaints(&self, texts: &Texts) -> Vec<String> {
        let mut lines = Vec::new();
        let mut seen = BTreeSet::new();
        for mutation in self.iter() {
            if !seen.insert(&mutation.id) {
                lines.push(format!("{FILE}: {} stands there twice", mutation.id));
            }
            if mutation.why.trim().is_empty() {
                lines.push(format!("{FILE}: {} does not say why", mutation.id));
            }
            let text = texts.get(Path::new(&mutation.file));
            if let Err(error) = mutation.apply(text.map_or("", String::as_str)) {
                lines.push(error.to_string());
            }
        }
        lines
    }
}
