//! What holds for every line.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use errand_model::allow::line::{self, Redirect};
use errand_model::allow::{Decision, Effect, Request, Rule};
use proptest::prelude::*;

use crate::{Set, table};

fn dev() -> &'static Set {
    static DEV: LazyLock<Set> = LazyLock::new(|| table().0.remove(0));
    &DEV
}

/// The lines of the table that the set `dev` allows, for the shell.
fn allowed_lines() -> Vec<String> {
    let (_, cases) = table();
    let lines = cases.into_iter().filter(|case| case.set == 0 && case.expected.starts_with("allowed"));
    lines.map(|case| case.line).filter(|line| !line.starts_with("words ")).collect()
}

/// The places between signs of a line that are in no quotes and behind no backslash, and the signs there.
fn outside_of_quotes(line: &str) -> Vec<(usize, Option<char>)> {
    let mut places = Vec::new();
    let mut quote = None;
    let mut escaped = false;
    for (at, sign) in line.char_indices() {
        if quote.is_none() && !escaped {
            places.push((at, Some(sign)));
        }
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, sign) {
            (None, '\'' | '"') => quote = Some(sign),
            (Some(open), sign) if open == sign => quote = None,
            (None | Some('"'), '\\') => escaped = true,
            _ => {}
        }
    }
    places.push((line.len(), None));
    places
}

/// Pieces of lines, in any order: many are nonsense, some are not.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec!["git", "status", "log", "echo", "cat", "a.txt", "cargo", "test", "ls", "-l"])
            .prop_map(str::to_owned),
        2 => prop::sample::select(vec![" ", " ", " ", "\t", "'", "\"", "\\"]).prop_map(str::to_owned),
        2 => prop::sample::select(vec![
            "|", "&&", ";", ">", ">>", "<", "2>", "2>&1", "||", "&", "$(", ")", "`", "$x", "*", "{", "}", "~", "#",
            "!", "\n", "\r", "\0", "<<", "<(", "..", "/", "=", "1", "2", "\u{a0}", "\u{202e}", "^", "é",
        ])
        .prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

#[test]
fn quotes_end_where_they_end_and_digits_belong_to_redirects_only_without_them() {
    let words = |text: &str| -> Vec<String> { line::read(text).unwrap().commands.remove(0).words };
    let cases: [(&str, &[&str]); 14] = [
        ("x 2>a", &["x"]),
        ("x 2 >a", &["x", "2"]),
        ("x '2'>a", &["x", "2"]),
        ("x \\2>a", &["x", "2"]),
        ("x 2''>a", &["x", "2"]),
        ("x a2>a", &["x", "a2"]),
        (r#"x "\a\$\"\\\`""#, &["x", r#"\a$"\`"#]),
        (r"x '\a\\'", &["x", r"\a\\"]),
        (r"x \a\'\\", &["x", r"a'\"]),
        ("x ''\"\"", &["x", ""]),
        ("x a'b'\"c\"d", &["x", "abcd"]),
        ("x '\"' \"'\"", &["x", "\"", "'"]),
        ("x\ta \t b", &["x", "a", "b"]),
        ("x 2>&1 b", &["x", "b"]),
    ];
    for (text, expected) in cases {
        assert_eq!(words(text), expected, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_allowed_has_a_strange_sign_outside_of_quotes(text in pieces()) {
        if dev().allows(&text) {
            for (at, sign) in outside_of_quotes(&text).into_iter().filter_map(|(at, sign)| Some((at, sign?))) {
                let known = sign.is_ascii_alphanumeric() || " \t'\"\\_-./:@%+,=~|&;<>".contains(sign);
                prop_assert!(known, "{sign:?} at {at} of {text:?}");
            }
        }
    }

    #[test]
    fn no_sign_of_a_shell_can_be_slipped_into_an_allowed_line(
        line in prop::sample::select(allowed_lines()),
        sign in prop::sample::select(vec![
            "$", "`", "$(x)", "${x}", "*", "?", "[", "]", "{", "}", "(", ")", "!", "#", "^", "&", " & ", "||",
            "<<", "<(x)", ">(x)", ">|", "<>", "&>", " 3>x ", "\n", "\r", "\0", "\u{b}", "\u{a0}", "\u{2003}", "\u{200b}",
            "\u{feff}", "\u{ff1b}", "\u{37e}", "é", " ~", " =x", "|&", ";;", " > /etc/x ", " > ../x ", "; wipe ;",
            " | sh", "\u{85}",
        ]),
        place in any::<prop::sample::Index>(),
    ) {
        let places = outside_of_quotes(&line);
        let at = places[place.index(places.len())].0;
        let changed = format!("{}{sign}{}", &line[..at], &line[at..]);
        prop_assert!(!dev().allows(&changed), "{changed:?}");
    }

    #[test]
    fn what_is_joined_is_allowed_if_and_only_if_each_part_is(
        parts in prop::collection::vec(prop::sample::select(vec![
            "git status", "git log -3", "cargo test 2>&1", "echo 'a;b'", "sort < a.txt", "wipe", "git stash", "sh",
            "echo x > ../y", "cat /etc/passwd",
        ]), 1..5),
        joint in prop::sample::select(vec!["|", "&&", ";", " | ", " && ", " ; "]),
    ) {
        let dev = dev();
        let each = parts.iter().all(|part| dev.allows(part));
        prop_assert_eq!(dev.allows(&parts.join(joint)), each);
    }

    #[test]
    fn any_text_is_decided_without_a_panic(text in any::<String>()) {
        let dev = dev();
        let decision = dev.decide(Request::Line(&text), &BTreeSet::new());
        prop_assert!(!matches!(decision, Decision::Allowed { .. }), "{text:?}");
        dev.decide(Request::Words(&[text.clone(), text.clone()]), &BTreeSet::new());
        for effect in [Effect::Allow, Effect::Deny] {
            let parsed = Rule::parse(1, effect, &text);
            if let Err(error) = parsed {
                prop_assert!(error.column >= 1 && error.column <= text.chars().count() + 1);
            }
        }
    }

    #[test]
    fn any_mixture_is_decided_without_a_panic(text in pieces()) {
        dev().decide(Request::Line(&text), &BTreeSet::new());
        let parsed = Rule::parse(1, Effect::Allow, &text);
        if let Err(error) = parsed {
            prop_assert!(error.column >= 1 && error.column <= text.chars().count() + 1, "{error} in {text:?}");
        }
    }

    #[test]
    fn words_survive_being_quoted(words in prop::collection::vec("[ -~]{0,8}", 1..5)) {
        let quoted: Vec<String> = words.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
        let line = format!("x {}", quoted.join(" "));
        let read = line::read(&line).unwrap();
        prop_assert_eq!(&read.commands[0].words[1..], &words[..]);
    }

    #[test]
    fn what_a_deny_rule_names_is_never_allowed(text in pieces()) {
        let mut dev = dev().clone();
        let Decision::Allowed { .. } = dev.decide(Request::Line(&text), &BTreeSet::new()) else { return Ok(()) };
        let first = line::read(&text).unwrap().commands[0].words[0].clone();
        dev.rules.push(Rule::parse(999, Effect::Deny, &format!("{first} *")).unwrap());
        let denied = matches!(dev.decide(Request::Line(&text), &BTreeSet::new()), Decision::Denied { .. });
        prop_assert!(denied, "{text:?}");
    }
}

#[test]
fn the_mixtures_are_allowed_often_enough_to_say_something() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let dev = dev();
    let texts: Vec<String> = (0..8_000).map(|_| pieces().new_tree(&mut runner).unwrap().current()).collect();
    let read: Vec<line::Line> = texts.iter().filter_map(|text| line::read(text).ok()).collect();
    let redirects = read.iter().flat_map(|line| &line.commands).flat_map(|command| &command.redirects);
    let writes = redirects.filter(|redirect| matches!(redirect, Redirect::Write { .. })).count();
    let allowed = texts.iter().filter(|text| dev.allows(text)).count();
    assert!(read.len() > 400 && writes > 20 && allowed > 5, "{} {writes} {allowed}", read.len());
}
