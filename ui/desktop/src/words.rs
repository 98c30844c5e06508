//! Words in the user's language, from the catalogues in `ui/locales`.

use std::env;

use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

const ENGLISH: &str = include_str!("../../locales/en.ftl");
const SPANISH: &str = include_str!("../../locales/es.ftl");
const ARABIC: &str = include_str!("../../locales/ar.ftl");

/// The words of one language, and English for what it lacks.
pub(crate) struct Words {
    language: &'static str,
    bundles: Vec<FluentBundle<FluentResource>>,
}

impl Words {
    /// Those of the language that the environment names, by the order of setlocale(3).
    pub(crate) fn of_the_user() -> Self {
        let wish = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(|name| env::var(name).ok())
            .find(|value| !value.is_empty());
        Self::of(wish.as_deref().unwrap_or(""))
    }

    fn of(locale: &str) -> Self {
        let mut bundles = Vec::new();
        let language = match locale.split(['_', '.', '@', '-']).next() {
            Some("es") => "es",
            Some("ar") => "ar",
            _ => "en",
        };
        match language {
            "es" => bundles.extend(bundle(language, SPANISH)),
            "ar" => bundles.extend(bundle(language, ARABIC)),
            _ => {}
        }
        bundles.extend(bundle("en", ENGLISH));
        Self { language, bundles }
    }

    /// The language, as BCP 47 has it.
    pub(crate) fn language(&self) -> &'static str {
        self.language
    }

    /// The words for `id`; one that is missing shows its id, which the checks of the
    /// languages do not let pass.
    pub(crate) fn get(&self, id: &str) -> String {
        for bundle in &self.bundles {
            if let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) {
                let mut faults = Vec::new();
                let none: Option<&FluentArgs<'_>> = None;
                return bundle
                    .format_pattern(pattern, none, &mut faults)
                    .into_owned();
            }
        }
        id.to_owned()
    }
}

fn bundle(language: &str, catalogue: &str) -> Option<FluentBundle<FluentResource>> {
    let language: LanguageIdentifier = language.parse().ok()?;
    // What could be read of a catalogue with a mistake in it is still of use.
    let resource = FluentResource::try_new(catalogue.to_owned()).unwrap_or_else(|(part, _)| part);
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    bundle.add_resource(resource).ok()?;
    Some(bundle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_its_own_words() {
        let quit = |locale| Words::of(locale).get("window-quit");
        assert_eq!(quit("en_GB.UTF-8"), quit("C.UTF-8"));
        assert_eq!(quit("en_GB.UTF-8"), quit("xx"));
        let all = [quit("en"), quit("es_MX.UTF-8"), quit("ar")];
        assert!(all.iter().all(|words| words != "window-quit"));
        assert_ne!(all[0], all[1]);
        assert_ne!(all[1], all[2]);
        assert_eq!(Words::of("es").get("not-there"), "not-there");
    }
}
